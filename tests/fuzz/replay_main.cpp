// Runs a fuzz target over its corpus without libFuzzer: every file as it is, cut short, and with seeded changes of single bytes.
// Any build can do it, so that ctest (and the sanitizer presets) keep the parsers honest.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

// A buffer of exactly this size, so that the address sanitizer sees a read behind its end.
void run(const Bytes& bytes) {
    const Bytes exact(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

// About 200 mutants a file: enough to reach the guards of headers and counts, short enough for every test run.
void runMutants(const Bytes& seed, std::uint32_t number) {
    constexpr std::size_t kCuts = 40;
    constexpr int kChanges = 160;
    const std::size_t step = std::max<std::size_t>(1, seed.size() / kCuts);
    for (std::size_t length = 0; length < seed.size(); length += step) {
        run(Bytes(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(length)));
    }
    if (seed.empty()) return;
    std::mt19937 random(number);
    for (int change = 0; change < kChanges; ++change) {
        Bytes mutant = seed;
        // Headers come first: half of the changes fall into the first 64 bytes.
        const std::size_t reach = change % 2 == 0 ? std::min<std::size_t>(64, mutant.size()) : mutant.size();
        mutant[random() % reach] = static_cast<std::uint8_t>(random() % 256);
        run(mutant);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    std::vector<std::filesystem::path> files;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1], problem)) files.push_back(entry.path());
    if (problem || files.empty()) {
        std::fprintf(stderr, "no corpus in %s: a target without seeds tests nothing\n", argv[1]);
        return 1;
    }
    std::sort(files.begin(), files.end());
    std::uint32_t number = 0;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        const Bytes seed{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        std::printf("%s (%zu bytes)\n", file.filename().c_str(), seed.size());
        std::fflush(stdout);
        run(seed);
        runMutants(seed, ++number);
    }
    std::printf("%zu seeds and their mutants handled\n", files.size());
    return 0;
}
