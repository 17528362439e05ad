// container_names.h - puts names to the containers of an answer, and says for
// which of them a proxy holds its port.
//
// From what ContainerLists knows, or learns, depending on how it asks.
#pragma once

#include <span>

#include "userspace/model/binding.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

// Fills in container_name of a process that holds nothing in question.
void name_container(Process& process, ContainerLists& lists);
// Fills in container_name and publishes of the bindings' processes.
void name_containers(std::span<Binding> bindings, ContainerLists& lists);

}  // namespace portwatch
