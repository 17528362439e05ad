// skeleton.h - the generated skeleton of the eBPF object. Not for public headers:
// it defines functions.
#pragma once

#include "bpf/events.h"

// Below what it mentions.
#include <portwatch_bpf.skel.h>
