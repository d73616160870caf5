// main() of tests that need Qt's event loop and no screen.
#include <gtest/gtest.h>

#include <QCoreApplication>

int main(int argc, char** argv) {
    qputenv("LC_ALL", "C.UTF-8");  // numbers as the tests expect them, wherever they run
    const QCoreApplication application(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
