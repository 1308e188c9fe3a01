// Everything about one function, as plain data: what tools show, what dumps hold, what reports are
// made from. `describe` makes it from a graph, `describe_entry` from the cache, `read_description`
// from a dump. Every text is complete in itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace croton::runtime {

/// An extent, a number of bytes or of operations: a formula in the function's dims, and its value
/// for `Description::dims`.
struct Quantity {
  std::string formula = "0";
  std::int64_t value = 0;
};

struct Description {
  std::string name;
  std::string origin;  // a file, a cache entry, a running program
  std::string target, math, compiler, library;
  std::int64_t rewrite_limit = -1;
  /// What symbolic dims are taken as in values of quantities.
  std::map<std::string, std::int64_t> dims;
  std::vector<std::string> notes;  // what a reader must know, e.g. that another build made it
  /// The user's files, as the sites call them, with their texts; those that were found.
  std::map<std::string, std::string> sources;

  /// A node of a stage's text.
  struct Node {
    std::vector<std::string> names, operands, types;  // "%h", "%0", "f32[n, 20]"
    std::string op, kind;                             // kind: "elementwise", "reduction", …
    std::vector<std::string> sites, labels;           // "model.cpp:31", the user's names
    int line = 0;                                     // of the stage's text, from 1
    std::string rule;                                 // that made it in this stage, or ""
  };
  struct Stage {
    std::string name, level;  // "graph", then passes; a second run is "canonicalize-2"
    std::string doc;          // what the pass is for
    bool changed = true;
    double seconds = 0;
    std::string text;                           // "" when unchanged: it is the last changed stage's
    std::vector<Node> nodes;                    // as text
    std::map<std::string, std::int64_t> rules;  // how often each fired
  };
  std::vector<Stage> stages;
  struct Rule {
    std::string text, effects;  // "x - 0 → x", and what it may change: "nothing", "rounding"
  };
  std::map<std::string, Rule> rules;  // those that fired

  struct Refusal {
    std::string what, why;
  };
  std::vector<Refusal> refusals;  // what was not fused

  struct Group {
    std::string name, kind, domain, schedule;
    std::vector<std::string> members, outputs;  // names in the text of the stage before lower
    bool may_fail = false;
  };
  std::vector<Group> groups;

  struct Failure {
    std::string message;
    std::vector<std::string> sites;
  };
  struct Kernel {
    std::string name, kind, schedule;
    std::string ir;  // at the kernel level
    std::string cpp, cpp_commented, cuda, cuda_commented;
    std::string canonical;     // the C++ that is compiled, with positions for names
    Quantity parallel_extent;  // iterations of its parallel loop
    std::int64_t cost = 1;     // of one of them, in element operations
    /// Arithmetic on numbers, weighed with the op table's costs (an addition is 1).
    Quantity operations;
    Quantity bytes_read, bytes_written;  // every buffer once
    std::vector<Failure> failures;
    std::string key;      // of its object in the cache
    bool cached = false;  // its object is there
    /// Present once they were asked for, or are known from the cache.
    std::optional<std::string> llvm, assembly, ptx, remarks;
  };
  std::vector<Kernel> kernels;  // in the order of the plan's first launches

  struct Buffer {
    std::string name, type, place;  // input, shared, output or arena
    Quantity offset, bytes;         // offset: in the arena
    int first = 0, last = 0;        // the steps that use it; the plan's end for outputs and commits
  };
  std::vector<Buffer> buffers;

  struct Step {
    std::string kind, kernel;        // launch with its kernel, or commit
    std::vector<int> reads, writes;  // buffers
    Quantity live;                   // bytes of the arena that hold values during the step
  };
  std::vector<Step> steps;
  /// Of the arena: as planned, with a place for each temporary, and what no plan can undercut.
  Quantity arena_bytes, naive_bytes, least_bytes;

  struct Request {
    std::string key, state;  // "entry", "none", "memory"
  };
  Request request;  // the whole function in the cache
};

/// The text after stage `i`.
[[nodiscard]] const std::string& stage_text(const Description& d, std::size_t i);
/// The nodes after stage `i`.
[[nodiscard]] const std::vector<Description::Node>& stage_nodes(const Description& d,
                                                                std::size_t i);
/// How often each rule fired in all stages.
[[nodiscard]] std::map<std::string, std::int64_t> rules_fired(const Description& d);

}  // namespace croton::runtime
