// idl.h - the interface definitions, embedded when we are built.
//
// Source: the .varlink files beside this one; see embed_idl.cmake.
#pragma once

#include <string_view>

namespace portwatch {

extern const std::string_view kPortwatchIdl;  // io.portwatch.varlink
extern const std::string_view kServiceIdl;    // org.varlink.service.varlink

}  // namespace portwatch
