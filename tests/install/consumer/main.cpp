// A program of somebody else's: opens a model by the installed libraries alone.
#include <cstdio>

#include "core/engine/session/model.h"

int main(int argc, char** argv) {
    lapidary::session::ModelRequest request;
    request.model = argc > 1 ? argv[1] : "/no/such/model";
    const auto model = lapidary::session::Model::load(request);
    std::printf("%s\n", model ? (*model)->dtypeName().c_str() : lapidary::errorCodeName(model.error().code));
    return 0;
}
