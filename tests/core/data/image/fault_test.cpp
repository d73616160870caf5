// Pictures that somebody made to hurt, or that are simply odd (faults 20, 21, 59).
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/data/image/image_processor.h"
#include "core/data/image/image_reader.h"
#include "core/data/image/image_source.h"
#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;
using image::decodePicture;
using image::Picture;

Result<Picture> decode(const std::string& bytes) { return decodePicture(std::as_bytes(std::span(bytes)), "picture"); }

std::string golden(const std::string& name) { return test::goldenText("images/" + name); }

std::string big(std::uint32_t value) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((value >> shift) & 0xFF);
    return bytes;
}

std::string little(std::uint32_t value, std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
    return bytes;
}

std::string chunk(const std::string& kind, const std::string& data) {
    const std::string body = kind + data;
    const auto check = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    return big(static_cast<std::uint32_t>(data.size())) + body + big(static_cast<std::uint32_t>(check));
}

std::string deflated(const std::string& data) {
    uLongf size = ::compressBound(static_cast<uLong>(data.size()));
    std::string out(size, '\0');
    ::compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
                static_cast<uLong>(data.size()), 9);
    out.resize(size);
    return out;
}

// `head` and so many MiB of zeros behind it; never holds more than a MiB of it, so that a test can watch this process's memory.
std::string deflatedWithZeros(std::string head, int megabytes) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit(&stream, 1), Z_OK);
    std::string out;
    std::string buffer(1 << 20, '\0');
    for (int block = 0; block <= megabytes; ++block) {
        stream.next_in = reinterpret_cast<Bytef*>(head.data());
        stream.avail_in = static_cast<uInt>(head.size());
        do {
            stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
            stream.avail_out = static_cast<uInt>(buffer.size());
            ::deflate(&stream, block == megabytes ? Z_FINISH : Z_NO_FLUSH);
            out.append(buffer, 0, buffer.size() - stream.avail_out);
        } while (stream.avail_out == 0);
        head.assign(std::size_t{1} << 20, '\0');
    }
    ::deflateEnd(&stream);
    return out;
}

const std::string kPngMark = "\x89PNG\r\n\x1a\n";

std::string pngHeader(std::uint32_t width, std::uint32_t height) {
    return kPngMark + chunk("IHDR", big(width) + big(height) + std::string("\x08\x02\0\0\0", 5));
}

// A grey PNG of one shade.
std::string flatPng(std::uint32_t width, std::uint32_t height, const std::string& extra = "") {
    const std::string rows((1 + std::size_t{width}) * height, '\0');
    return kPngMark + chunk("IHDR", big(width) + big(height) + std::string("\x08\0\0\0\0", 5)) + extra +
           chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

// Peak resident memory of this process in bytes.
std::int64_t peakMemory() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

void expectRefusedCheaply(const std::string& bytes, const std::string& what) {
    const std::int64_t before = peakMemory();
    const auto picture = decode(bytes);
    ASSERT_FALSE(picture) << what;
    EXPECT_EQ(picture.error().code, ErrorCode::InvalidFile) << what;
    EXPECT_NE(picture.error().message.find("pixels"), std::string::npos) << what << ": " << picture.error().toString();
    EXPECT_LT(peakMemory() - before, 64 << 20) << what;
}

TEST(Fault20, AnEmptyFileIsNamed) {
    const auto picture = decode("");
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().message, "'picture' is empty");
}

TEST(Fault20, OnePixelBecomesAWholeView) {
    const auto picture = decode(flatPng(1, 1));
    ASSERT_TRUE(picture) << picture.error().toString();
    EXPECT_EQ(picture->rgb.size(), 3U);
    const auto processor = image::ImageProcessor::create({});
    const auto views = processor->views(*picture, {image::CropMode::PanAndScan, {}, {}});
    ASSERT_TRUE(views);
    ASSERT_EQ(views->size(), 1U);
    EXPECT_EQ(views->front().rgb, std::vector<std::uint8_t>(896 * 896 * 3, 0));
}

// The reference stretches them like any other picture: crops would be thinner than 256, so there are none.
TEST(Fault20, ExtremeSidesFollowTheRule) {
    const auto processor = image::ImageProcessor::create({});
    for (const auto& [width, height] : {std::pair{1U, 10000U}, {30000U, 1U}}) {
        const auto picture = decode(flatPng(width, height));
        ASSERT_TRUE(picture) << picture.error().toString();
        const auto views = processor->views(*picture, {image::CropMode::PanAndScan, {}, {}});
        ASSERT_TRUE(views);
        EXPECT_EQ(views->size(), 1U);
        EXPECT_EQ(views->front().rgb.size(), 896U * 896 * 3);
    }
}

TEST(Fault20, AHugePngHeaderIsRefusedBeforeAllocating) {
    expectRefusedCheaply(pngHeader(65535, 65535) + chunk("IDAT", "x") + chunk("IEND", ""), "65535 x 65535");
    expectRefusedCheaply(pngHeader(0x7FFFFFFF, 0x7FFFFFFF) + chunk("IEND", ""), "2^31 - 1");
    expectRefusedCheaply(pngHeader(0xFFFFFFFF, 0xFFFFFFFF) + chunk("IEND", ""), "2^32 - 1");
    expectRefusedCheaply(pngHeader(0, 10) + chunk("IEND", ""), "no width");
    expectRefusedCheaply(pngHeader(1'000'001, 1) + chunk("IEND", ""), "one side too long");
}

TEST(Fault20, AHugeJpegHeaderIsRefusedBeforeAllocating) {
    std::string jpeg = golden("444.jpg");
    const std::size_t frame = jpeg.find("\xFF\xC0");
    ASSERT_NE(frame, std::string::npos);
    jpeg.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");  // 65500, the most that libjpeg takes
    expectRefusedCheaply(jpeg, "JPEG");
    jpeg.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
    EXPECT_EQ(decode(jpeg).error().code, ErrorCode::InvalidFile);
}

TEST(Fault20, AHugeGifHeaderIsRefusedBeforeAllocating) {
    std::string gif = golden("interlaced.gif");
    const std::size_t frame = gif.find(std::string("\0,\0\0\0\0", 6), 780) == std::string::npos ? gif.find(',', 781) : 781;
    ASSERT_NE(frame, std::string::npos);
    std::string screen = gif;
    screen.replace(6, 4, "\xFF\xFF\xFF\xFF");
    expectRefusedCheaply(screen, "GIF screen");
    gif.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
    expectRefusedCheaply(gif, "GIF frame");
}

TEST(Fault20, AHugeBmpHeaderIsRefusedBeforeAllocating) {
    std::string bmp = golden("rgb.bmp");
    bmp.replace(18, 8, little(65535, 4) + little(65535, 4));
    expectRefusedCheaply(bmp, "BMP");
    bmp.replace(18, 8, little(0x80000000U, 4) + little(0x80000000U, 4));
    expectRefusedCheaply(bmp, "BMP with negative sides");
}

TEST(Fault20, AHugeTiffHeaderIsRefusedBeforeAllocating) {
    std::string tiff = golden("rgb.tif");
    std::uint32_t directory = 0;
    std::memcpy(&directory, tiff.data() + 4, 4);
    for (std::size_t entry = directory + 2; entry < directory + 2 + 12 * 2; entry += 12) {
        tiff.replace(entry + 2, 2, little(4, 2));
        tiff.replace(entry + 8, 4, little(65535, 4));
    }
    expectRefusedCheaply(tiff, "TIFF");
}

TEST(Fault20, AHugeWebpHeaderIsRefusedBeforeAllocating) {
    // VP8X: flags, reserved, canvas width - 1 and height - 1 in 24 bits each.
    const std::string extended = "VP8X" + little(10, 4) + std::string(4, '\0') + little(16383, 3) + little(16383, 3);
    std::string frame = golden("lossless.webp").substr(12);
    const std::string body = "WEBP" + extended + frame;
    const auto picture = decode("RIFF" + little(static_cast<std::uint32_t>(body.size()), 4) + body);
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, ErrorCode::InvalidFile);
}

// Standard error belongs to our own sentences: what libpng has to say is in them, or is not said.
TEST(Fault20, ADamagedPngIsOneErrorOfOurs) {
    const auto spoiled = [](std::string part) {
        part.back() = static_cast<char>(part.back() ^ 1);  // of its check sum
        return part;
    };
    const std::string header = flatPng(4, 4).substr(0, kPngMark.size() + 25);
    const std::string pixels = chunk("IDAT", deflated(std::string(20, '\0')));
    const std::string end = chunk("IEND", "");
    testing::internal::CaptureStderr();
    const auto noted = decode(flatPng(4, 4, spoiled(chunk("tEXt", std::string("a\0b", 3)))));
    const auto sum = decode(header + spoiled(pixels) + end);
    const auto few = decode(header + chunk("IDAT", deflated(std::string(7, '\0'))) + end);
    const auto open = decode(header + pixels);
    const auto none = decode(header + end);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_TRUE(noted) << "a note is no pixel";
    for (const auto& [picture, reason] : {std::pair(&sum, "IDAT: CRC error"), std::pair(&few, "Not enough"),
                                          std::pair(&open, "the data ends too early"), std::pair(&none, "out of place")}) {
        ASSERT_FALSE(*picture) << reason;
        EXPECT_EQ(picture->error().code, ErrorCode::InvalidFile);
        EXPECT_NE(picture->error().message.find(std::string("the PNG is damaged or truncated: ")), std::string::npos);
        EXPECT_NE(picture->error().message.find(reason), std::string::npos) << picture->error().toString();
    }
}

// A profile that unpacks to 200 MB is not unpacked: colours do not depend on it.
TEST(Fault20, AnIccBombIsNotUnpacked) {
    std::string head(1 << 20, '\0');
    head.replace(0, 4, big(200 << 20));  // a header that libpng believes (ICC.1, section 7.2)
    head.replace(8, 16, std::string("\4\0\0\0mntrRGB XYZ ", 16));
    head.replace(36, 4, "acsp");
    head.replace(68, 12, std::string("\0\0\xF6\xD6\0\1\0\0\0\0\xD3\x2D", 12));  // the D50 white point
    const std::string bomb = chunk("iCCP", std::string("bomb\0\0", 6) + deflatedWithZeros(head, 199));
    const std::int64_t before = peakMemory();
    const auto picture = decode(flatPng(4, 4, bomb));
    ASSERT_TRUE(picture) << picture.error().toString();
    EXPECT_EQ(picture->width, 4);
    EXPECT_LT(peakMemory() - before, 64 << 20);
}

TEST(Fault20, TruncatedFilesAreErrors) {
    for (const std::string name :
         {"rgb.png", "rgb-interlaced.png", "grey16.png", "444.jpg", "progressive.jpg", "cmyk.jpg", "lossless.webp",
          "lossy.webp", "animated.webp", "rgb.bmp", "palette.bmp", "rle8.bmp", "rgb.tif", "lzw.tif", "jpeg.tif", "tiled.tif",
          "planar.tif", "still.gif", "interlaced.gif"}) {
        const std::string whole = golden(name);
        ASSERT_TRUE(decode(whole)) << name;
        for (const double part : {0.99, 0.7, 0.5, 0.2}) {
            // Of an animation only the first frame counts, and some kinds put the directory first: half is always too little.
            if (part > 0.5 && (name == "animated.webp" || name.ends_with("gif"))) continue;
            const auto picture = decode(whole.substr(0, static_cast<std::size_t>(static_cast<double>(whole.size()) * part)));
            const bool lastBytesUnused = name.ends_with(".tif") && part > 0.9;  // the directory at the end: checked by the 0.7
            if (lastBytesUnused) continue;
            ASSERT_FALSE(picture) << name << " cut to " << part;
            EXPECT_EQ(picture.error().code, ErrorCode::InvalidFile) << name << ": " << picture.error().toString();
        }
    }
}

// Every single byte changed, and every length: whatever comes out, nothing crashes and no picture is larger than the cap.
TEST(Fault20, DamagedFilesNeverCrash) {
    std::uint32_t state = 12345;
    const auto random = [&] { return state = state * 1664525U + 1013904223U; };
    for (const auto& entry : std::filesystem::directory_iterator(test::goldenPath("images"))) {
        if (entry.path().extension() == ".json") continue;
        const std::string whole = *readFile(entry.path(), 1 << 20);
        for (int i = 0; i < 40; ++i) {
            std::string damaged = whole;
            // Mostly in the header, where lengths and counts are.
            const std::size_t reach = i % 4 == 0 ? damaged.size() : std::min<std::size_t>(damaged.size(), 300);
            for (std::uint32_t flips = 1 + random() % 3; flips > 0; --flips)
                damaged[(random() >> 8) % reach] = static_cast<char>(random() >> 24);
            const auto picture = decodePicture(std::as_bytes(std::span(damaged)), "damaged", 4'000'000);
            if (!picture) continue;
            EXPECT_LE(picture->width * picture->height, 4'000'000);
        }
    }
}

TEST(Fault21, WhatIsNoPictureIsNamed) {
    const std::pair<std::string, const char*> cases[] = {
        {"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"},
        {"<svg width='1'/>", "an SVG drawing"},
        {std::string("\0\0\0\x18"
                     "ftypheic\0\0\0\0mif1heic",
                     24),
         "a HEIC picture"},
        {std::string("\0\0\0\x18"
                     "ftypmif1\0\0\0\0mif1heic",
                     24),
         "a HEIF picture"},
        {std::string("\0\0\0\x1c"
                     "ftypavif\0\0\0\0avifmif1",
                     24),
         "an AVIF picture"},
        {std::string("\0\0\0\x18"
                     "ftypisom\0\0\0\0isomiso2",
                     24),
         "a video"},
        {"%PDF-1.7\n", "a PDF document"},
        {std::string("\0\0\0\x0CJXL \r\n\x87\n", 12), "a JPEG XL picture"},
        {"8BPS\0\1", "a Photoshop document"},
        {"PK\x03\x04zip", "a ZIP archive"},
        {"<!DOCTYPE html><html></html>", "a web page"},
        {"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"},
        {"P6\n1 1\n255\nabc", "a Netpbm picture"},
        {"hello", "a text"},
        {"BMxyz is how this text begins", "a text"},
        {std::string("\x01\x02\x03\x04", 4), "a file of an unknown kind"},
    };
    const test::TempDir folder;
    for (const auto& [bytes, kind] : cases) {
        const auto picture = image::readPicture(folder.write("holiday.png", bytes));
        ASSERT_FALSE(picture) << kind;
        EXPECT_EQ(picture.error().code, ErrorCode::Unsupported) << kind;
        EXPECT_NE(picture.error().message.find(std::string("is ") + kind), std::string::npos) << picture.error().toString();
        EXPECT_NE(picture.error().message.find("holiday.png"), std::string::npos);
    }
}

TEST(Fault21, TheContentCountsNotTheName) {
    const test::TempDir folder;
    const auto picture = image::readPicture(folder.write("really.a.jpeg.png", golden("444.jpg")));
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->format, "JPEG");
}

TEST(Fault59, OddPathsWork) {
    const test::TempDir folder;
    const std::string longName(240, 'n');
    for (const std::string& name :
         {std::string("a picture with spaces.png"), std::string("\xF0\x9F\x90\xB1 cat.png"),
          std::string("\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D.png"), std::string("trailing dots..."),
          std::string("\\\\?\\C:\\cat.png"), std::string("-rf"), longName + "/" + longName + "/cat.png"}) {
        const auto picture = image::readPicture(folder.write(name, golden("rgb.png")));
        ASSERT_TRUE(picture) << name << ": " << picture.error().toString();
        EXPECT_EQ(picture->width, 37);
    }
}

TEST(Fault59, PathsThatCannotBeReadSaySo) {
    const test::TempDir folder;
    const auto missing = image::readPicture(folder.path() / "none.png");
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_NE(missing.error().message.find("none.png"), std::string::npos);
    const auto directory = image::readPicture(folder.path());
    EXPECT_EQ(directory.error().code, ErrorCode::InvalidFile);
    EXPECT_NE(directory.error().message.find("found a folder"), std::string::npos) << directory.error().toString();
    const auto tooLong = image::readPicture(folder.path() / std::string(5000, 'x'));
    EXPECT_EQ(tooLong.error().code, ErrorCode::NotFound) << "no file can have such a name";
}

// Nobody writes into the pipe: whoever waits for its first byte waits for ever.
TEST(Fault59, PipesAndDevicesAreRefusedNotWaitedFor) {
    const test::TempDir folder;
    const auto pipe = folder.path() / "cat.png";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const auto& [path, kind] :
         {std::pair(pipe, "found a named pipe"), std::pair(std::filesystem::path("/dev/zero"), "found a device")}) {
        const auto read = image::readPicture(path);
        const auto loaded = image::loadPicture({image::ImageSource::Kind::Path, path.string()}, image::UrlConsent::Refuse);
        for (const auto* picture : {&read, &loaded}) {
            ASSERT_FALSE(*picture) << path;
            EXPECT_EQ(picture->error().code, ErrorCode::InvalidFile);
            EXPECT_NE(picture->error().message.find(kind), std::string::npos) << picture->error().toString();
            EXPECT_NE(picture->error().message.find(path.string()), std::string::npos) << picture->error().toString();
        }
    }
}

}  // namespace
