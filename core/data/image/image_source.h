// Where a picture comes from: a path, base64 text, or an https address.  An address needs consent: typed by a person it is
// given, inside files and requests only with --allow-urls (Fault22).
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "core/data/image/image_reader.h"
#include "core/data/net/https_download.h"
#include "core/shared/base/result.h"

namespace lapidary::image {

struct ImageSource {
    enum class Kind { Path, Url, Base64 };
    Kind kind = Kind::Path;
    std::string value;  // path, address, or base64 (with or without "data:image/…;base64,")
};

// What a person typed after --image: "https://…" is an address, "data:…" base64, all else a path.
// Errors: InvalidData for any other scheme ("http://", "file://", "ftp://", …).
Result<ImageSource> imageSourceFromArgument(const std::string& argument);

enum class UrlConsent { Refuse, Allow };

// The encoded bytes.  Errors: as the file, the download, or the base64 text has them; InvalidData for an address without consent.
Result<std::string> readImageBytes(const ImageSource& source, UrlConsent consent, const net::NetworkPolicy& policy = {},
                                   std::stop_token stop = {});

// The same, decoded (image_reader.h).
Result<Picture> loadPicture(const ImageSource& source, UrlConsent consent, const net::NetworkPolicy& policy = {},
                            std::stop_token stop = {});

// Short form for messages and lists: a path, an address without its query, "base64 picture (1234 bytes)".
std::string describeImageSource(const ImageSource& source);

}  // namespace lapidary::image
