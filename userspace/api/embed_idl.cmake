# embed_idl.cmake - writes OUT, a C++ file that holds the texts of two .varlink
# files. Run with cmake -D OUT=... -D PORTWATCH=... -D SERVICE=... -P.
file(READ ${PORTWATCH} portwatch_text)
file(READ ${SERVICE} service_text)
file(WRITE ${OUT} "// Written by embed_idl.cmake.
#include \"userspace/api/idl.h\"

namespace portwatch {

constexpr std::string_view kPortwatchIdl = R\"idl(${portwatch_text})idl\";
constexpr std::string_view kServiceIdl = R\"idl(${service_text})idl\";

}  // namespace portwatch
")
