// The local Hugging Face cache (models--org--name/{blobs,refs,snapshots}) and downloads into it, in the layout that
// huggingface_hub writes, so that both programs share one cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/net/https_download.h"
#include "core/shared/base/result.h"

namespace lapidary::net {

struct HubSettings {
    std::filesystem::path cache;  // the folder that holds models--org--name
    std::string endpoint = "https://huggingface.co";
    std::string token;  // sent to the endpoint's host alone; empty: anonymous
    NetworkPolicy policy;
};

// HF_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub; HF_TOKEN, else the
// token file of HF_HOME; HF_ENDPOINT.  Errors: Usage (no home folder; an endpoint that is not https).
Result<HubSettings> hubSettingsFromEnvironment();

struct CachedModel {
    std::string id;        // "google/gemma-3-4b-it"
    std::string revision;  // commit of refs/main, or the newest snapshot's name
    std::filesystem::path snapshot;
    std::uint64_t sizeBytes = 0;  // of all blobs, each once
    std::int64_t files = 0;       // in the snapshot
    bool complete = true;         // no .incomplete blob lies beside the others
};

struct PullProgress {
    std::string file;
    std::uint64_t fileBytes = 0;  // of this file, so far (resumed bytes included)
    std::uint64_t fileTotal = 0;  // 0: not known
    std::int64_t fileIndex = 0;   // from 1
    std::int64_t fileCount = 0;
};

struct PullOptions {
    std::string revision = "main";
    // Shell patterns of the files wanted ("*.safetensors"); empty: all that Lapidary reads (JSON, safetensors, GGUF, tokenizer and
    // template files and documentation), and nothing pickled.
    std::vector<std::string> include;
    std::function<void(const PullProgress&)> progress;  // called on the caller's thread
};

struct PullResult {
    std::filesystem::path snapshot;
    std::string commit;
    std::int64_t downloadedFiles = 0;
    std::uint64_t downloadedBytes = 0;  // by this call
};

struct VerifiedFile {
    std::string file;  // name in the snapshot
    bool matches = false;
    std::string problem;  // empty when it matches
};

// "org/name" (or a bare "name") of letters, digits, '-', '_', '.'; no "..", at most 96 characters.
bool isModelId(const std::string& text);

class Hub {
public:
    explicit Hub(HubSettings settings) : m_settings(std::move(settings)) {}

    [[nodiscard]] Result<std::vector<CachedModel>> list() const;
    // Snapshot folder of a cached model.  Errors: NotFound with the command that would fetch it.
    [[nodiscard]] Result<std::filesystem::path> find(const std::string& id) const;
    // Fetches what is missing, resuming *.incomplete blobs; every file is checked (sha256 or git blob sha1) before it gets its name.
    Result<PullResult> pull(const std::string& id, const PullOptions& options, std::stop_token stop = {}) const;
    Result<std::uint64_t> remove(const std::string& id) const;  // bytes freed
    // Every blob against the hash that is its name.  Errors: NotFound, Cancelled; a difference is a value, not an error.
    [[nodiscard]] Result<std::vector<VerifiedFile>> verify(const std::string& id, std::stop_token stop = {}) const;

private:
    HubSettings m_settings;
};

}  // namespace lapidary::net
