// One registry of public names: the C++ function, `call` and the text form give the same node.
#include <catch2/catch.hpp>

#include "frontend/croton/croton.hpp"
#include "ir/functions.hpp"
#include "ir/text.hpp"

using namespace croton;

namespace {

struct Leaves {
  Expr x = input("x", f32, {3, 4}), y = input("y", f32, {3, 4}), i = input("i", i64, {5}),
       v = input("v", f32, {4}), s = input("s", f32, {}), o = input("o", f32, {3, 1});
};

Expr from_text(const Leaves& l, const std::string& line) {
  std::string text = "ctir 1\nmodule @m : tensor {\n";
  std::string inputs;
  std::vector<Expr> all{l.x, l.y, l.i, l.v, l.s, l.o};
  for (const Expr& e : all) {
    const std::string name = e.text().substr(0, 1);
    text += "  %" + name + " = input {name = \"" + name + "\"} : " + e.text().substr(4) + "\n";
    inputs += (inputs.empty() ? "%" : ", %") + name;
  }
  text += "  %r = " + line + "\n  input " + inputs + "\n  output %r\n}\n";
  const ir::Module m = ir::parse(
      text, {.mark = false, .leaf = [&](ir::Op, const std::string& name, const ir::Type&) {
               for (const Expr& e : all)
                 if (e.text().substr(0, 1) == name) return ir::Value{e.node(), 0};
               return ir::Value{};
             }});
  return Expr(m.outputs[0].node, m.outputs[0].index, {});
}

}  // namespace

TEST_CASE("functions are the same in C++, by name and in text") {
  const Leaves l;
  const auto& [x, y, i, v, s, o] = l;
  struct Row {
    Expr typed, by_name;
    std::string line;
  };
  const std::vector<std::int64_t> both{0, 1};
  const Row rows[] = {
      {arange(2, 9, 3), call("arange", {}, {{"start", 2}, {"stop", 9}, {"step", 3}}),
       "arange {start = 2, stop = 9, step = 3}"},
      {broadcast_to(v, {3, 4}),
       call("broadcast_to", {v}, {{"shape", std::vector<std::int64_t>{3, 4}}}),
       "broadcast_to(%v) {shape = dims [3, 4]}"},
      {clip(x, y, s), call("clip", {x, y, s}), "clip(%x, %y, %s)"},
      {dot(x, v), call("dot", {x, v}), "dot(%x, %v)"},
      {expand_dims(x, axis(-1)), call("expand_dims", {x}, {{"axes", -1}}),
       "expand_dims(%x) {axes = -1}"},
      {eye(3, 4, 1, f32),
       call("eye", {}, {{"rows", 3}, {"columns", 4}, {"offset", 1}, {"dtype", f32}}),
       "eye {columns = 4, dtype = f32, offset = 1, rows = 3}"},
      {flip(x, axis(1)), call("flip", {x}, {{"axes", 1}}), "flip(%x) {axes = [1]}"},
      {broadcast_to(s, {2, 2}), call("full", {s}, {{"shape", std::vector<std::int64_t>{2, 2}}}),
       "full(%s) {shape = [2, 2]}"},
      {matmul(x, v), call("matmul", {x, v}), "matmul(%x, %v)"},
      {one_hot(i, 7, f32), call("one_hot", {i}, {{"classes", 7}, {"dtype", f32}}),
       "one_hot(%i) {classes = 7, dtype = f32}"},
      {ones({2}, f64), call("ones", {}, {{"shape", 2}}), "ones {shape = [2]}"},
      {permute(x, {-1, 0}), call("permute", {x}, {{"order", std::vector<std::int64_t>{-1, 0}}}),
       "permute(%x) {order = [-1, 0]}"},
      {ravel(x), call("ravel", {x}), "ravel(%x)"},
      {split(x, 2, 1)[1], call("split", {x}, {{"parts", 2}, {"part", 1}, {"axis", 1}}),
       "split(%x) {axis = 1, part = 1, parts = 2}"},
      {squeeze(o), call("squeeze", {o}), "squeeze(%o)"},
      {stack({x, y}, -1), call("stack", {x, y}, {{"axis", -1}}), "stack(%x, %y) {axis = -1}"},
      {zeros({2, 3}, i8),
       call("zeros", {}, {{"shape", std::vector<std::int64_t>{2, 3}}, {"dtype", i8}}),
       "zeros {dtype = i8, shape = [2, 3]}"},
  };
  CHECK(std::size(rows) == ir::all_functions().size());
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(same(row.typed, row.by_name));
    CHECK(same(row.typed, from_text(l, row.line)));
  }
  CHECK(same(sum(x, axis(1).keepdims()), call("sum", {x}, {{"axes", 1}, {"keepdims", true}})));
  CHECK(same(mean(i), call("mean", {i})));
  CHECK(same(transpose(x), call("transpose", {x})));
}

TEST_CASE("a name or an attribute that is not known is an error that says so") {
  const Leaves l;
  const auto message = [](const std::function<void()>& run) -> std::string {
    try {
      run();
    } catch (const UserError& error) {
      return error.message();
    }
    return "no error";
  };
  CHECK(message([&] { (void)call("sofmax", {l.x}); }) ==
        "sofmax: there is no operation \"sofmax\"; did you mean \"softmax\"?");
  CHECK(
      message([&] {
        (void)call("eye", {}, {{"rows", 3}, {"colums", 4}});
      }) ==
      "eye: there is no attribute colums; its signature is eye(; rows, columns = rows, offset = 0, "
      "dtype = f64)");
  CHECK(message([&] { (void)call("eye", {}); }) == "eye: the attribute rows is missing");
  CHECK(message([&] {
          (void)call("exp", {l.x}, {{"axis", 1}});
        }) == "exp: there is no attribute axis");
  CHECK(message([&] { (void)call("clip", {l.x}); }) == "clip: takes 3 operands, not 1");
  CHECK(message([&] {
          (void)call("sum", {l.x}, {{"axes", 2}});
        }) == "sum: axis 2 is out of range for rank 2");
  CHECK(message([&] {
          (void)call("split", {l.x}, {{"parts", 3}, {"part", 0}, {"axis", 1}});
        }) == "split: axis 1 of extent 4 does not split into 3 equal parts");
  CHECK(message([&] { (void)arange(0, 5, 0); }) == "arange: the step of arange is 0");
}
