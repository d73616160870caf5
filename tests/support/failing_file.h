// A disk that fails, or a process that dies, at the k-th operation that changes files: write, sendfile, fsync, mkdir, rename.  A test that
// tries every k has tried every moment.  Link lapidary::test_failing_file into the test's executable: it stands before the C library's
// functions there, those that libstdc++ calls included.
#pragma once

namespace lapidary::test {

// One at a time; counts the operations of the whole process from its making on.
class FailingFile {
public:
    // Operation number `at` (from 0) and every later one fails with `errnoValue`; a write is cut in half first, as on a disk that fills.
    FailingFile(int at, int errnoValue);
    // The process is killed there, in the middle of a write.
    static FailingFile killAt(int at) { return {at, 0}; }
    ~FailingFile();
    FailingFile(const FailingFile&) = delete;
    FailingFile& operator=(const FailingFile&) = delete;

    // Whether there were so many operations.
    [[nodiscard]] bool struck() const;
};

}  // namespace lapidary::test
