# croton_add_kernels(NAME SOURCES file... TARGETS level... [EMIT kind...] [BARE])
#
# Builds SOURCES, which hold CROTON_AOT builders, into a program; runs it when the build needs it;
# and makes the library target NAME of what it writes. Link against NAME and include NAME.h or
# NAME.hpp. What is linked in needs neither croton nor LLVM.
#
# TARGETS are levels of x86-64, such as x86-64-v3; the library holds them all and picks one when it
# runs. EMIT adds to the static library and the headers: obj, shared, source. BARE leaves out what
# `croton dump` shows of the library: its graphs and emitted code, in a section that is never loaded.
include_guard(GLOBAL)

function(croton_add_kernels name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "BARE" "" "SOURCES;TARGETS;EMIT")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "croton_add_kernels: ${arg_UNPARSED_ARGUMENTS} is not understood")
  endif()
  foreach(needed SOURCES TARGETS)
    if(NOT arg_${needed})
      message(FATAL_ERROR "croton_add_kernels(${name}): ${needed} is missing")
    endif()
  endforeach()
  get_property(main GLOBAL PROPERTY CROTON_AOT_MAIN)
  add_executable(${name}-builder ${arg_SOURCES} ${main})
  target_link_libraries(${name}-builder PRIVATE croton::croton)
  target_compile_features(${name}-builder PRIVATE cxx_std_20)

  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name}.croton)
  list(JOIN arg_TARGETS "," targets)
  list(REMOVE_DUPLICATES arg_EMIT)
  list(REMOVE_ITEM arg_EMIT static header hpp)
  list(JOIN arg_EMIT "," more)
  set(emit static,header,hpp)
  if(more)
    string(APPEND emit ",${more}")
  endif()
  set(outputs ${directory}/lib${name}.a ${directory}/${name}.h ${directory}/${name}.hpp
              ${directory}/croton_aot.h ${directory}/croton_aot.hpp)
  if("shared" IN_LIST arg_EMIT)
    list(APPEND outputs ${directory}/lib${name}.so)
  endif()
  set(bare "")
  if(arg_BARE)
    set(bare --bare)
  endif()
  # croton's compiler is loaded by the builder, so a new one is a reason to run it again.
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${name}-builder -o ${directory} --name ${name} --target ${targets} --emit ${emit} ${bare}
    DEPENDS ${name}-builder $<TARGET_FILE:croton::croton-compiler>
    COMMENT "Compiling the kernels of ${name} for ${targets}"
    VERBATIM)
  add_custom_target(${name}-kernels DEPENDS ${outputs})
  # In croton's own tree, or with it inside a project, the compiler is built first.
  add_dependencies(${name}-kernels croton::croton-compiler)
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}-kernels)
  target_include_directories(${name} INTERFACE ${directory})
  target_link_libraries(${name} INTERFACE ${directory}/lib${name}.a)
endfunction()
