# What is installed, and where. Components are the packages of packages.cmake; what names none is for
# development. The installed library finds its compiler component beside itself.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
install(TARGETS croton EXPORT crotonTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS croton-compiler EXPORT crotonTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT compiler)
install(EXPORT crotonTargets NAMESPACE croton:: FILE crotonTargets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/croton)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/crotonConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES frontend/cmake/crotonConfig.cmake frontend/cmake/croton_add_kernels.cmake
              frontend/aot_main.cpp ${PROJECT_BINARY_DIR}/generated/crotonConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/croton)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/croton.hpp @ONLY CONTENT
     "#pragma once\n#include \"frontend/croton/croton.hpp\"\n")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/aot.hpp @ONLY CONTENT
     "#pragma once\n#include \"frontend/croton/aot.hpp\"\n")
install(FILES ${PROJECT_BINARY_DIR}/generated/croton.hpp ${PROJECT_BINARY_DIR}/generated/aot.hpp
        DESTINATION include/croton)
install(FILES codegen/aot/croton_aot.h codegen/aot/croton_aot.hpp DESTINATION include)
install(DIRECTORY frontend/croton DESTINATION include/croton/internal/frontend
        FILES_MATCHING PATTERN "*.hpp")
install(FILES ir/dim.hpp ir/dtype.hpp ir/error.hpp ir/ops_elementwise.def
        DESTINATION include/croton/internal/ir)
install(FILES runtime/array.hpp runtime/array_view.hpp runtime/npy.hpp
        DESTINATION include/croton/internal/runtime)
