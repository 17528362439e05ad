// idle.cpp - says that it runs, and waits for its end. What it holds and what it is
// called is its starter's choice.
#include <unistd.h>

int main() {
  if (write(STDOUT_FILENO, "idle\n", 5) != 5) {
    return 1;
  }
  for (;;) {
    pause();
  }
}
