// `lapidary processor`: what a picture becomes for the model.  Needs no model; with one, its own settings count.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"
#include "core/data/image/image_processor.h"
#include "core/data/image/image_source.h"
#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

ordered_json boxJson(const rules::CropBox& box) { return {box.left, box.top, box.right, box.bottom}; }

std::string sizeText(const ordered_json& size) { return size[0].dump() + " x " + size[1].dump(); }

class ProcessorVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        const char* what = "a picture: path, https address or data: text (repeatable)";
        command.add_option("image", m_pictures, what)->type_name("P");
        command.add_option("-i,--image,--image-path", m_views.images, what)->type_name("P")->allow_extra_args(false);
        addCheckpointOptions(command, m_model);
        addViewOptions(command, m_views);
        addCropsOption(command, m_views);
        command.add_option("-o,--output", m_output, "folder for a PNG of each view")->type_name("DIR");
    }

    Result<void> run(const Invocation& invocation) override {
        m_pictures.insert(m_pictures.end(), m_views.images.begin(), m_views.images.end());
        if (m_pictures.empty()) return Error{ErrorCode::Usage, "name at least one picture", ""};
        ASSIGN_OR_RETURN(const CropLists crops, readCrops(m_views, m_pictures.size()));
        ASSIGN_OR_RETURN(const image::ImageProcessor processor, makeProcessor(invocation));
        const image::ViewSettings views = viewSettings(m_views, processor.settings());
        const std::vector<image::ViewSettings> ownViews = viewsOfPictures(views, crops);
        ordered_json document;
        document["size"] = processor.settings().size;
        document["tokens_per_view"] = processor.settings().tokensPerView;
        document["pictures"] = ordered_json::array();
        for (const std::string& argument : m_pictures) {
            const std::size_t index = document["pictures"].size();
            ASSIGN_OR_RETURN(ordered_json picture,
                             show(argument, processor, ownViews.empty() ? views : ownViews[index], index, invocation.stop));
            document["pictures"].push_back(std::move(picture));
        }
        if (invocation.console.json)
            printJson(document);
        else
            printText(document);
        return {};
    }

private:
    [[nodiscard]] Result<image::ImageProcessor> makeProcessor(const Invocation& invocation) const {
        if (m_model.model().empty()) return image::ImageProcessor::create({});
        ASSIGN_OR_RETURN(const session::OpenedCheckpoint opened, openCheckpointOf(m_model, invocation));
        if (!opened.processor->acceptsPictures()) return session::textOnlyModelError().within(m_model.model());
        return opened.processor->imageProcessor();
    }

    [[nodiscard]] Result<ordered_json> show(const std::string& argument, const image::ImageProcessor& processor,
                                            const image::ViewSettings& settings, std::size_t index,
                                            const std::stop_token& stop) const {
        ASSIGN_OR_RETURN(const image::ImageSource source, image::imageSourceFromArgument(argument));
        // Typed by a person, so an address is consent.
        ASSIGN_OR_RETURN(const image::Picture picture, image::loadPicture(source, image::UrlConsent::Allow, {}, stop));
        auto views = processor.views(picture, settings, stop);
        if (!views) return views.error().within(image::describeImageSource(source));
        ordered_json json;
        json["source"] = image::describeImageSource(source);
        json["format"] = picture.format;
        json["stored_size"] = {picture.storedWidth, picture.storedHeight};
        json["exif_orientation"] = picture.exifOrientation;
        json["size"] = {picture.width, picture.height};
        json["num_crops"] = views->size() - 1;
        json["soft_tokens"] = static_cast<std::int64_t>(views->size()) * processor.settings().tokensPerView;
        json["views"] = ordered_json::array();
        for (const image::View& view : *views) {
            ordered_json entry{{"box", boxJson(view.box)}, {"whole", view.whole}, {"sha256", view.sha256}};
            if (!m_output.empty()) {
                ASSIGN_OR_RETURN(entry["file"], writeView(view, index, json["views"].size()));
            }
            json["views"].push_back(std::move(entry));
        }
        return json;
    }

    [[nodiscard]] Result<std::string> writeView(const image::View& view, std::size_t picture, std::size_t number) const {
        const std::filesystem::path folder = m_output;
        std::error_code problem;
        std::filesystem::create_directories(folder, problem);
        if (problem) return systemError("cannot make the folder", folder, problem.value());
        const std::string first = m_pictures.size() > 1 ? "picture-" + std::to_string(picture + 1) + "-" : "";
        const std::filesystem::path file = folder / (first + "view-" + std::to_string(number) + ".png");
        ASSIGN_OR_RETURN(const std::string png, image::encodePng(view.rgb, view.size, view.size));
        RETURN_IF_ERROR(writeFileAtomically(file, png));
        return file.string();
    }

    static void printText(const ordered_json& document) {
        for (const ordered_json& picture : document["pictures"]) {
            std::cout << picture["source"].get<std::string>() << ": " << picture["format"].get<std::string>() << ", "
                      << sizeText(picture["stored_size"]) << " pixels as stored";
            if (picture["exif_orientation"] != 1) {
                std::cout << ", EXIF orientation " << picture["exif_orientation"] << ": " << sizeText(picture["size"])
                          << " upright";
            }
            std::cout << '\n';
            std::size_t number = 0;
            for (const ordered_json& view : picture["views"]) {
                std::cout << "  " << (view["whole"] == true ? "whole  " : "crop " + std::to_string(number) + " ") << ' '
                          << view["box"].dump() << " → " << document["size"] << " x " << document["size"] << ", "
                          << document["tokens_per_view"] << " tokens, pixels sha256 " << view["sha256"].get<std::string>()
                          << '\n';
                if (view.contains("file")) std::cout << "          " << view["file"].get<std::string>() << '\n';
                ++number;
            }
            std::cout << "  " << picture["soft_tokens"] << " image tokens in " << picture["views"].size()
                      << (picture["views"].size() == 1 ? " view\n" : " views\n");
        }
    }

    ModelOptions m_model;
    PromptOptions m_views;
    std::vector<std::string> m_pictures;  // in the order of the output: plain arguments, then --image
    std::string m_output;
};

}  // namespace

std::unique_ptr<Verb> makeProcessorVerb() { return std::make_unique<ProcessorVerb>(); }

}  // namespace lapidary::app
