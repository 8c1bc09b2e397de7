# Warnings are errors, for every target of the project.
add_compile_options(
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Wundef -Werror -fno-strict-aliasing)
add_compile_definitions(_GNU_SOURCE)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE)
    add_link_options(-pie -Wl,-z,relro,-z,now)
    # A tenth less CPU for a review. The objects are fat: only the program itself pays for the slow link.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-flto=auto -ffat-lto-objects -fno-plt)
    endif()
endif()
if(FLEETGATE_SANITIZE)
    add_compile_options(-fsanitize=${FLEETGATE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FLEETGATE_SANITIZE})
endif()
if(FLEETGATE_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
if(FLEETGATE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
