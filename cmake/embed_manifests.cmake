# cmake -D OUTPUT=FILE.c -D ROOT=DIR -P embed_manifests.cmake -- base/namespace.yaml …
#
# Writes the files below ROOT, in this order, as const arrays (a C string constant may have only 4095 bytes).
set(arrays "")
set(entries "")
set(count 0)
set(is_file FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
    set(name "${CMAKE_ARGV${index}}")
    if(is_file)
        file(READ ${ROOT}/${name} bytes HEX)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
        string(REGEX REPLACE "(................................................................................)" "\\1\n"
               bytes "${bytes}")
        string(APPEND arrays "static const unsigned char text_${count}[] = {\n${bytes}0};\n")
        string(APPEND entries "    {\"${name}\", (const char *)text_${count}},\n")
        math(EXPR count "${count} + 1")
    elseif(name STREQUAL "--")
        set(is_file TRUE)
    endif()
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"// Made by cmake/embed_manifests.cmake.
#include \"cli/embedded_manifests.h\"

${arrays}
const struct embedded_manifest embedded_manifests[] = {
${entries}    {NULL, NULL},
};
")
