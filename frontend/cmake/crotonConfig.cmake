# find_package(croton): the library croton::croton, and croton_add_kernels().
include(${CMAKE_CURRENT_LIST_DIR}/crotonTargets.cmake)
set_property(GLOBAL PROPERTY CROTON_AOT_MAIN ${CMAKE_CURRENT_LIST_DIR}/aot_main.cpp)
include(${CMAKE_CURRENT_LIST_DIR}/croton_add_kernels.cmake)
