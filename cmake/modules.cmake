# add_module(NAME SOURCES a.c b.c MAY_USE base fleet LIBRARIES PkgConfig::X [INTERNAL PkgConfig::Y])
#
# One static library for one folder. Its include path is a folder of links in the build tree that holds the
# module itself and what MAY_USE names, nothing else: a forbidden #include does not compile.
# LIBRARIES are visible to whoever uses the module; INTERNAL ones are not.
function(add_module name)
    cmake_parse_arguments(PARSE_ARGV 1 module "" "" "SOURCES;MAY_USE;LIBRARIES;INTERNAL")
    add_library(${name} STATIC ${module_SOURCES})
    link_rooms(${name} ${name} ${module_MAY_USE})
    target_link_libraries(${name} PUBLIC ${module_MAY_USE} ${module_LIBRARIES} PRIVATE ${module_INTERNAL})
    if(BUILD_TESTING)
        add_header_check(${name} ${module_MAY_USE})
    endif()
endfunction()

# Gives target an include path with just these rooms.
function(link_rooms target)
    set(view ${CMAKE_BINARY_DIR}/rooms/${target})
    file(REMOVE_RECURSE ${view})
    file(MAKE_DIRECTORY ${view})
    foreach(room IN LISTS ARGN)
        file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${room} ${view}/${room} SYMBOLIC)
    endforeach()
    target_include_directories(${target} PRIVATE ${view})
endfunction()

# Every header compiles alone.
function(add_header_check name)
    file(GLOB headers RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.h)
    if(NOT headers)
        return()
    endif()
    set(sources)
    foreach(header IN LISTS headers)
        string(MAKE_C_IDENTIFIER ${header} id)
        set(source ${CMAKE_BINARY_DIR}/header_check/${id}.c)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\nextern int ${id};\nint ${id};\n")
        list(APPEND sources ${source})
    endforeach()
    add_library(${name}_headers OBJECT ${sources})
    link_rooms(${name}_headers ${name} ${ARGN})
    get_target_property(libraries ${name} LINK_LIBRARIES)
    target_link_libraries(${name}_headers PRIVATE ${libraries})
endfunction()
