# Writes OUTPUT, a C++ source with the text of every file of FILES (semicolons between them), in that order:
#   extern const std::pair<std::string_view, std::string_view> NAME[COUNT] = {{"file stem", "text"}, …};
# Run at build time: cmake -DFILES=… -DNAME=lapidary::plan::kX -DOUTPUT=… -P EmbedText.cmake
string(REGEX REPLACE "::[^:]*$" "" namespace "${NAME}")
string(REGEX REPLACE "^.*::" "" variable "${NAME}")
list(LENGTH FILES count)
set(text "// Written by resources/cmake/EmbedText.cmake.\n#include <string_view>\n#include <utility>\n\nnamespace ${namespace} {\n")
string(APPEND text "extern const std::pair<std::string_view, std::string_view> ${variable}[${count}];\n")
string(APPEND text "const std::pair<std::string_view, std::string_view> ${variable}[${count}] = {\n")
foreach(file IN LISTS FILES)
  get_filename_component(stem "${file}" NAME_WLE)
  file(READ "${file}" content)
  string(APPEND text "    {\"${stem}\", R\"embedded(${content})embedded\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace ${namespace}\n")
file(WRITE "${OUTPUT}" "${text}")
