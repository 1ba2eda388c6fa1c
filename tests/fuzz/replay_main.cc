// Plays files, and all files of folders, to a fuzz target: the committed corpus as an ordinary
// test. Speaks C's library, whose functions MemorySanitizer knows; what the compiled part of
// libstdc++ writes (strings, streams, paths) it takes for uninitialised.
#include <dirent.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fuzz_target.h"

namespace {

size_t played = 0;

void Fail(const char* path) {
  std::perror(path);
  std::exit(1);
}

std::vector<uint8_t> ContentOf(const char* path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "rb"), &std::fclose);
  if (file == nullptr) Fail(path);
  std::vector<uint8_t> content;
  std::array<uint8_t, 4096> block{};
  size_t count = 0;
  while ((count = std::fread(block.data(), 1, block.size(), file.get())) > 0) {
    content.insert(content.end(), block.begin(), block.begin() + count);
  }
  if (std::ferror(file.get()) != 0) Fail(path);
  return content;
}

void PlayFile(const char* path) {
  const std::vector<uint8_t> content = ContentOf(path);
  std::fprintf(stderr, "%s\n", path);  // before: a find ends the process
  LLVMFuzzerTestOneInput(content.data(), content.size());
  ++played;
}

void PlayFolder(const char* folder) {
  dirent** entries = nullptr;
  const int count = scandir(folder, &entries, nullptr, &alphasort);
  if (count < 0) Fail(folder);
  for (int i = 0; i < count; ++i) {
    std::array<char, 4096> path{};
    std::snprintf(path.data(), path.size(), "%s/%s", folder, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') PlayFile(path.data());
    std::free(entries[i]);
  }
  std::free(entries);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    struct stat status {};
    if (stat(argv[i], &status) != 0) Fail(argv[i]);
    S_ISDIR(status.st_mode) ? PlayFolder(argv[i]) : PlayFile(argv[i]);
  }
  std::fprintf(stderr, "%zu inputs\n", played);
  return played > 0 ? 0 : 1;
}
