// config_file.h - configuration files for one test, where hooks may be written.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/trusted_dir.h"
#include "userspace/daemon/config.h"

namespace portwatch::test {

class ConfigFileTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    return directory_.file(name, text);
  }
  // Of a file that is valid.
  Config config_of(const std::string& text) {
    const auto config = load_config({file("good.toml", text)});
    EXPECT_TRUE(config) << config.error().context;
    return config ? *config : Config();
  }
  // Without the directory in front.
  std::string error_of(const std::string& text) {
    const auto config = load_config({file("bad.toml", text)});
    EXPECT_FALSE(config) << text;
    return config ? ""
                  : config.error().context.substr(directory_.path().size() + 1);
  }

  const TrustedDir directory_;
};

}  // namespace portwatch::test
