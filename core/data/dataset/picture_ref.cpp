// Pictures of a row: found in a cell, read, decoded.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "core/data/dataset/record.h"
#include "core/shared/base/file.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;
using Kind = PictureRef::Kind;

Error badCell(const std::string& column, const std::string& what) {
    return Error{ErrorCode::InvalidData, "column '" + clipText(column, 80) + "': " + what, ""};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool namesBase64(const std::string& column) {
    const std::string name = lower(column);
    return name.find("base64") != std::string::npos || name.find("b64") != std::string::npos;
}

// Text as a path, an address or base64.
Result<PictureRef> pictureOfText(const std::string& text, const std::string& column, const fs::path& folder) {
    if (text.empty()) return badCell(column, "the picture's name is empty");
    const std::string head = lower(text.substr(0, 8));
    if (head.starts_with("data:") || namesBase64(column)) return PictureRef{Kind::Base64, text, ""};
    if (head.starts_with("https://") || head.starts_with("http://")) return PictureRef{Kind::Url, text, ""};
    if (text.find('\0') != std::string::npos || text.size() > 4096) {
        return badCell(column, "a text of " + std::to_string(text.size()) +
                                   " bytes is no path (base64 needs 'data:image/…;base64,' before it, or a column named so)");
    }
    const fs::path path = head.starts_with("file://") ? text.substr(7) : text;
    return PictureRef{Kind::Path, (folder / path).string(), ""};  // an absolute path stays as it is
}

PictureRef pictureOfBytes(const Json& cell, std::string name) {
    const auto& bytes = cell.get_binary();
    return {Kind::Bytes, std::string(bytes.begin(), bytes.end()), std::move(name)};
}

// {"bytes": …, "path": …} of Hugging Face; {"path"}, {"url"}, {"base64"}, {"image"} of messages; {"image_url": {"url"}}.
Result<PictureRef> pictureOfObject(const Json& cell, const std::string& column, const fs::path& folder) {
    const auto present = [&](const char* key) { return cell.contains(key) && !cell[key].is_null(); };
    const std::string name = present("path") && cell["path"].is_string() ? cell["path"].get<std::string>() : "";
    if (present("bytes")) {
        if (cell["bytes"].is_binary()) {
            if (cell["bytes"].get_binary().empty()) return badCell(column, "the embedded picture has no bytes");
            return pictureOfBytes(cell["bytes"], name);
        }
        if (cell["bytes"].is_string()) return PictureRef{Kind::Base64, cell["bytes"].get<std::string>(), name};
        return badCell(column, "'bytes' is " + describeJson(cell["bytes"]));
    }
    if (present("base64") && cell["base64"].is_string())
        return PictureRef{Kind::Base64, cell["base64"].get<std::string>(), name};
    for (const char* key : {"path", "url", "image", "image_url", "file_name"}) {
        if (!present(key)) continue;
        if (cell[key].is_string()) return pictureOfText(cell[key].get<std::string>(), key, folder);
        if (cell[key].is_object() && std::string_view(key).starts_with("image"))
            return pictureOfObject(cell[key], column, folder);
        if (cell[key].is_binary()) return pictureOfBytes(cell[key], "");
        return badCell(column, std::string("'") + key + "' is " + describeJson(cell[key]));
    }
    return badCell(column, "neither bytes nor a path, address or base64 text");
}

image::ImageSource sourceOf(const PictureRef& picture) {
    using Source = image::ImageSource::Kind;
    switch (picture.kind) {
        case Kind::Url: return {Source::Url, picture.value};
        case Kind::Base64: return {Source::Base64, picture.value};
        default: return {Source::Path, picture.value};
    }
}

}  // namespace

Result<std::vector<PictureRef>> picturesOfCell(const Json& cell, const std::string& column, const fs::path& folder) {
    std::vector<PictureRef> pictures;
    if (cell.is_null()) return pictures;
    if (cell.is_array()) {
        for (const Json& item : cell) {
            if (item.is_array()) return badCell(column, "a list inside a list");
            ASSIGN_OR_RETURN(auto found, picturesOfCell(item, column, folder));
            if (found.empty()) return badCell(column, "a picture of the list is null");
            pictures.push_back(std::move(found.front()));
        }
        return pictures;
    }
    if (cell.is_binary()) {
        pictures.push_back(pictureOfBytes(cell, ""));
    } else if (cell.is_string()) {
        ASSIGN_OR_RETURN(auto picture, pictureOfText(cell.get<std::string>(), column, folder));
        pictures.push_back(std::move(picture));
    } else if (cell.is_object()) {
        ASSIGN_OR_RETURN(auto picture, pictureOfObject(cell, column, folder));
        pictures.push_back(std::move(picture));
    } else {
        return badCell(column, "expected a path, an address, bytes or base64, found " + describeJson(cell));
    }
    return pictures;
}

std::string describePicture(const PictureRef& picture) {
    if (picture.kind != Kind::Bytes) return clipText(image::describeImageSource(sourceOf(picture)), 300);
    return "embedded picture " + (picture.name.empty() ? "" : clipText(picture.name, 100) + " ") + "(" +
           std::to_string(picture.value.size()) + " bytes)";
}

Result<std::string> readPictureBytes(const PictureRef& picture, image::UrlConsent consent, const std::stop_token& stop) {
    if (picture.kind == Kind::Bytes) return picture.value;
    return image::readImageBytes(sourceOf(picture), consent, {}, stop);
}

Result<image::Picture> loadPicture(const PictureRef& picture, image::UrlConsent consent, const std::stop_token& stop) {
    if (picture.kind == Kind::Bytes)
        return image::decodePicture(std::as_bytes(std::span(picture.value)), describePicture(picture));
    return image::loadPicture(sourceOf(picture), consent, {}, stop);
}

}  // namespace lapidary::dataset
