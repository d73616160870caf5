// What the launcher's variables may say.
#include "core/engine/distributed/group_environment.h"

#include <gtest/gtest.h>

#include <map>

namespace lapidary::distributed {
namespace {

using Variables = std::map<std::string, std::string>;

Environment lookUp(const Variables& variables) {
    return [variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::optional<std::string>() : found->second;
    };
}

Variables good() {
    return {{"RANK", "3"},
            {"WORLD_SIZE", "4"},
            {"LOCAL_RANK", "1"},
            {"LOCAL_WORLD_SIZE", "2"},
            {"MASTER_ADDR", "node-0.cluster"},
            {"MASTER_PORT", "29500"}};
}

TEST(GroupEnvironment, OneProcessWithoutAnyVariable) {
    const auto settings = groupSettings(lookUp({{"MASTER_ADDR", "x"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->size, 1);
    const auto group = makeProcessGroup(lookUp({}));
    ASSERT_TRUE(group);
    EXPECT_EQ((*group)->size(), 1);
}

TEST(GroupEnvironment, ReadsTorchrunsVariables) {
    const auto settings = groupSettings(lookUp(good()));
    ASSERT_TRUE(settings) << settings.error().toString();
    EXPECT_EQ(settings->rank, 3);
    EXPECT_EQ(settings->size, 4);
    EXPECT_EQ(settings->localSize, 2);
    EXPECT_EQ(settings->masterAddress, "node-0.cluster");
    EXPECT_EQ(settings->masterPort, 29500);
    EXPECT_LT(settings->timeout, std::chrono::minutes(2));
}

TEST(GroupEnvironment, RefusesHostileValues) {
    const std::vector<std::pair<std::string, std::string>> hostile{{"RANK", "4"},
                                                                   {"RANK", "-1"},
                                                                   {"RANK", ""},
                                                                   {"RANK", "1x"},
                                                                   {"RANK", "99999999999999999999"},
                                                                   {"RANK", "0x1"},
                                                                   {"RANK", " 1"},
                                                                   {"WORLD_SIZE", "0"},
                                                                   {"WORLD_SIZE", "2"},
                                                                   {"WORLD_SIZE", "100000"},
                                                                   {"LOCAL_RANK", "2"},
                                                                   {"LOCAL_WORLD_SIZE", "5"},
                                                                   {"MASTER_PORT", "0"},
                                                                   {"MASTER_PORT", "65536"},
                                                                   {"MASTER_PORT", "-5"},
                                                                   {"MASTER_ADDR", ""},
                                                                   {"MASTER_ADDR", "a b"},
                                                                   {"MASTER_ADDR", "$(reboot)"},
                                                                   {"MASTER_ADDR", "-x"},
                                                                   {"MASTER_ADDR", std::string(300, 'a')},
                                                                   {"MASTER_ADDR", std::string("a\0b", 3)}};
    for (const auto& [name, value] : hostile) {
        Variables variables = good();
        variables[name] = value;
        const auto settings = groupSettings(lookUp(variables));
        ASSERT_FALSE(settings) << name << "=" << value;
        EXPECT_EQ(settings.error().code, ErrorCode::Usage);
        EXPECT_LT(settings.error().toString().size(), 250U);
    }
}

TEST(GroupEnvironment, NamesTheMissingVariable) {
    for (const char* name : {"RANK", "WORLD_SIZE", "MASTER_PORT"}) {
        Variables variables = good();
        variables.erase(name);
        const auto settings = groupSettings(lookUp(variables));
        ASSERT_FALSE(settings) << name;
        EXPECT_NE(settings.error().message.find(name), std::string::npos);
    }
}

// Rank 0 alone: nobody comes, and rank 0 says who.
TEST(GroupEnvironment, AnAddressThatIsNotOursIsAnError) {
    Variables variables = good();
    variables["RANK"] = "0";
    variables["LOCAL_RANK"] = "0";
    variables["MASTER_ADDR"] = "192.0.2.1";  // TEST-NET-1: on no interface
    const auto group = makeProcessGroup(lookUp(variables));
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().code, ErrorCode::Network);
}

}  // namespace
}  // namespace lapidary::distributed
