// Records written as a set of our own: JSON lines with messages, and the pictures as files beside them, byte for byte as they were.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "core/data/dataset/conversation_dataset.h"
#include "core/data/dataset/finding.h"
#include "core/data/dataset/record_set.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

struct WriteRequest {
    std::filesystem::path folder;  // gets <split>.jsonl and images/<split>-000001-1.png
    BadRows badRows = BadRows::Stop;
    image::UrlConsent urls = image::UrlConsent::Refuse;
    std::int64_t limit = 0;  // rows at most; 0: all
    std::function<void(std::int64_t row, std::int64_t rows)> progress;
};

struct WriteReport {
    std::filesystem::path file;
    std::int64_t rows = 0;  // written
    std::int64_t pictures = 0;
    std::int64_t dropped = 0;  // by the maker's own rule
    FindingList findings;  // rows left out
};

// The list appears last, under its final name, when all pictures are there.
// Errors: Usage where the list is there already, InvalidData naming the first row that cannot be used (BadRows::Stop), Io, Cancelled.
Result<WriteReport> writeRecords(const RecordSet& records, const WriteRequest& request, const std::stop_token& stop = {});

}  // namespace lapidary::dataset
