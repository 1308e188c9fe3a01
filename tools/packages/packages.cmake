# cpack: Debian packages. libcroton runs programs whose kernels are in a cache; croton-compiler adds
# the compiler that a miss needs; libcroton-dev has headers, CMake files and the croton program.
set(soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "the croton authors <croton@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Tensor expressions compiled to kernels, in C++")
set(CPACK_COMPONENTS_ALL runtime compiler development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
find_program(SHLIBDEPS dpkg-shlibdeps)
if(SHLIBDEPS)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libcroton${soname})
set(CPACK_DEBIAN_COMPILER_PACKAGE_NAME croton-compiler)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcroton-dev)
# The component and the library come from one build.
set(CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS "libcroton${soname} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libcroton${soname} (= ${PROJECT_VERSION}), croton-compiler (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)

# Every package carries the licence, and the notices of what is linked into its files.
file(READ ${PROJECT_SOURCE_DIR}/LICENSE licence)
set(notices ${PROJECT_SOURCE_DIR}/tools/packages)
foreach(component runtime compiler development)
  string(TOUPPER ${component} upper)
  file(READ ${notices}/notices.${component} notice)
  set(llvm "")
  # LLVM's own file names the licences of everything inside it.
  if(component STREQUAL compiler AND EXISTS /usr/share/doc/llvm-19-dev/copyright)
    file(READ /usr/share/doc/llvm-19-dev/copyright llvm)
  endif()
  file(WRITE ${PROJECT_BINARY_DIR}/notices/${component}/copyright "${notice}\n${llvm}\n${licence}")
  install(FILES ${PROJECT_BINARY_DIR}/notices/${component}/copyright
          DESTINATION share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME} COMPONENT ${component})
endforeach()
include(CPack)
