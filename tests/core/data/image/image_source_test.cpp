#include "core/data/image/image_source.h"

#include <gtest/gtest.h>

#include "tests/support/http_server.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;
using image::ImageSource;
using image::UrlConsent;

std::string decoded(const std::string& text) {
    const auto bytes = image::readImageBytes({ImageSource::Kind::Base64, text}, UrlConsent::Refuse);
    return bytes ? *bytes : "error: " + bytes.error().message;
}

TEST(ImageSource, WhatAPersonTyped) {
    EXPECT_EQ(image::imageSourceFromArgument("https://example.com/cat.png")->kind, ImageSource::Kind::Url);
    EXPECT_EQ(image::imageSourceFromArgument("HTTPS://example.com/cat.png")->kind, ImageSource::Kind::Url);
    EXPECT_EQ(image::imageSourceFromArgument("data:image/png;base64,AAAA")->kind, ImageSource::Kind::Base64);
    for (const std::string path : {"cat.png", "/a/b.png", "./https", "C:\\cat.png", "a:b.png", "12:30.png"}) {
        EXPECT_EQ(image::imageSourceFromArgument(path)->kind, ImageSource::Kind::Path) << path;
    }
}

TEST(Fault22, OtherSchemesAreRefusedWhenTyped) {
    for (const std::string address :
         {"http://example.com/a.png", "file:///etc/passwd", "FILE:///etc/passwd", "ftp://example.com/a", "gopher://x/"}) {
        const auto source = image::imageSourceFromArgument(address);
        ASSERT_FALSE(source) << address;
        EXPECT_EQ(source.error().code, ErrorCode::InvalidData);
    }
    EXPECT_FALSE(image::imageSourceFromArgument(""));
}

TEST(Fault22, AddressesWithoutConsentAreNotFetched) {
    const test::HttpServer server([](const test::HttpRequest&, const test::HttpConnection& to) { to.respond(200, "", "x"); });
    net::NetworkPolicy policy;
    policy.allowPlainHttp = true;
    policy.allowsAddress = [](const sockaddr&) { return true; };
    const ImageSource source{ImageSource::Kind::Url, server.origin() + "/cat.png"};
    const auto refused = image::readImageBytes(source, UrlConsent::Refuse, policy);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidData);
    EXPECT_NE(refused.error().message.find("--allow-urls"), std::string::npos);
    EXPECT_TRUE(server.requests().empty());
    EXPECT_EQ(*image::readImageBytes(source, UrlConsent::Allow, policy), "x");
}

TEST(ImageSource, AnAddressIsDecodedLikeAFile) {
    const std::string jpeg = test::goldenText("images/exif-6.jpg");
    const test::HttpServer server([&](const test::HttpRequest&, const test::HttpConnection& to) { to.respond(200, "", jpeg); });
    net::NetworkPolicy policy;
    policy.allowPlainHttp = true;
    policy.allowsAddress = [](const sockaddr&) { return true; };
    const auto picture =
        image::loadPicture({ImageSource::Kind::Url, server.origin() + "/cat.jpg?token=secret"}, UrlConsent::Allow, policy);
    ASSERT_TRUE(picture) << picture.error().toString();
    EXPECT_EQ(picture->exifOrientation, 6);
    EXPECT_EQ(picture->width, 23);
    EXPECT_EQ(picture->storedWidth, 37);
    EXPECT_EQ(image::describeImageSource({ImageSource::Kind::Url, "https://a.b/c?token=secret"}), "https://a.b/c");
}

TEST(ImageSource, Base64OfTheStandard) {
    // RFC 4648, section 10.
    EXPECT_EQ(decoded(""), "");
    EXPECT_EQ(decoded("Zg=="), "f");
    EXPECT_EQ(decoded("Zm8="), "fo");
    EXPECT_EQ(decoded("Zm9v"), "foo");
    EXPECT_EQ(decoded("Zm9vYg=="), "foob");
    EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
    EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
    EXPECT_EQ(decoded("Zm9vYg"), "foob") << "padding may be missing";
    EXPECT_EQ(decoded("Zm9v\nYmFy\n"), "foobar");
    EXPECT_EQ(decoded("-_-_"), decoded("+/+/"));
    EXPECT_EQ(decoded("data:image/png;base64,Zm9v"), "foo");
    EXPECT_EQ(decoded("DATA:image/png;charset=x;BASE64,Zm9v"), "foo");
}

TEST(ImageSource, Base64ThatIsNone) {
    for (const std::string text :
         {"Zm9v!", "Z", "Zm9vY", "Zg==Zg==", "Zg===", "Zg=", "data:image/png,Zm9v", "data:image/png;base64"}) {
        EXPECT_EQ(decoded(text).substr(0, 6), "error:") << text;
    }
}

TEST(ImageSource, APathIsReadAsItStands) {
    const test::TempDir folder;
    const auto path = folder.write("cat.png", test::goldenText("images/rgb.png"));
    const auto picture = image::loadPicture({ImageSource::Kind::Path, path.string()}, UrlConsent::Refuse);
    ASSERT_TRUE(picture) << picture.error().toString();
    EXPECT_EQ(picture->format, "PNG");
}

}  // namespace
