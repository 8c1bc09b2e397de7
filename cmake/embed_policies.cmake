# cmake -D OUTPUT=FILE.c -D ROOT=DIR -P embed_policies.cmake -- policies/a.lua policies/lib/b.lua …
#
# Writes the files, named as here, as const arrays (a C string constant may have only 4095 bytes).
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
        set(is_library false)
        if(name MATCHES "^policies/lib/")
            set(is_library true)
        endif()
        string(APPEND entries
               "    {\"${name}\", (const char *)text_${count}, sizeof(text_${count}) - 1, ${is_library}},\n")
        math(EXPR count "${count} + 1")
    elseif(name STREQUAL "--")
        set(is_file TRUE)
    endif()
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"// Made by cmake/embed_policies.cmake.
#include \"cli/embedded_policies.h\"

${arrays}
const struct policy_source embedded_policies[] = {
${entries}    {NULL, NULL, 0, false},
};
const size_t embedded_policy_count = ${count};
")
