// The only file that includes Clang, LLVM and ORC: emitted text to an object, in process.
//
// The cc1 arguments are built here: the driver would add -disable-free (a leak per compile) and
// library builtins. Nothing contracts or reassociates; NaN and infinity mean what IEEE says. ORC's
// compile layer turns the module into an object; loading is croton's own (loader.cpp), the same for
// fresh and cached objects.
#include <clang/Basic/Diagnostic.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/ExecutionEngine/Orc/CompileUtils.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/Instrumentation/AddressSanitizer.h>

#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/compiler_abi.h"

namespace {

char* copied(llvm::StringRef text) {
  char* data = static_cast<char*>(std::malloc(text.size() + 1));
  if (data == nullptr) return nullptr;
  std::memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  return data;
}

// Collects loop-vectorize remarks.
struct RemarkHandler : llvm::DiagnosticHandler {
  explicit RemarkHandler(std::string& out) : out_(out) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (const auto* remark = llvm::dyn_cast<llvm::DiagnosticInfoOptimizationBase>(&info)) {
      if (remark->getPassName() != "loop-vectorize") return true;
      out_ += remark->getMsg() + " in " + remark->getFunction().getName().str() + "\n";
      return true;
    }
    return false;
  }
  bool isAnyRemarkEnabled() const override { return true; }
  bool isPassedOptRemarkEnabled(llvm::StringRef pass) const override {
    return pass == "loop-vectorize";
  }
  bool isMissedOptRemarkEnabled(llvm::StringRef pass) const override {
    return pass == "loop-vectorize";
  }
  bool isAnalysisRemarkEnabled(llvm::StringRef) const override { return false; }
  std::string& out_;
};

// UndefinedBehaviorSanitizer's checks, without those that need C++ types at run time.
constexpr const char* kUndefined =
    "alignment,array-bounds,bool,builtin,enum,float-cast-overflow,integer-divide-by-zero,"
    "nonnull-attribute,null,object-size,pointer-overflow,return,returns-nonnull-attribute,"
    "shift-base,shift-exponent,signed-integer-overflow,unreachable,vla-bound";

std::vector<std::string> arguments(const croton_compile_request& request) {
  std::vector<std::string> args = {"-triple",
                                   llvm::sys::getProcessTriple(),
                                   "-target-cpu",
                                   request.cpu,
                                   "-O2",
                                   "-ffp-contract=off",
                                   "-vectorize-loops",
                                   "-emit-llvm",
                                   "-disable-llvm-passes",
                                   "-nostdsysteminc",
                                   "-nobuiltininc",
                                   "-fno-rtti",
                                   "-mrelocation-model",
                                   "pic",
                                   "-pic-level",
                                   "2",
                                   "-mframe-pointer=none",
                                   "-fvisibility=hidden",
                                   "-Wno-everything",
                                   "-x",
                                   "c++",
                                   "-std=c++20",
                                   "kernel.cpp"};
  if (request.debug != 0)  // paths of files are whole, wherever the program runs
    args.insert(args.begin(), {"-debug-info-kind=limited", "-dwarf-version=4",
                               "-debugger-tuning=gdb", "-fdebug-compilation-dir=/"});
  if (request.sanitize != 0)
    args.insert(args.begin(), {std::string("-fsanitize=address,") + kUndefined,
                               std::string("-fsanitize-trap=") + kUndefined});
  if (request.prefer_vector_width > 0)
    args.insert(args.begin(),
                "-mprefer-vector-width=" + std::to_string(request.prefer_vector_width));
  return args;
}

std::unique_ptr<llvm::Module> front_end(const croton_compile_request& request,
                                        llvm::LLVMContext& context, std::string& log) {
  llvm::raw_string_ostream stream(log);
  llvm::IntrusiveRefCntPtr<clang::DiagnosticOptions> options(new clang::DiagnosticOptions());
  auto* printer = new clang::TextDiagnosticPrinter(stream, options.get());
  llvm::IntrusiveRefCntPtr<clang::DiagnosticsEngine> diagnostics(
      new clang::DiagnosticsEngine(new clang::DiagnosticIDs(), options, printer));
  const std::vector<std::string> args = arguments(request);
  std::vector<const char*> pointers;
  for (const std::string& arg : args) pointers.push_back(arg.c_str());
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!clang::CompilerInvocation::CreateFromArgs(*invocation, pointers, *diagnostics))
    return nullptr;
  invocation->getFrontendOpts().DisableFree = false;
  invocation->getCodeGenOpts().DisableFree = false;
  invocation->getPreprocessorOpts().addRemappedFile(
      "kernel.cpp",
      llvm::MemoryBuffer::getMemBufferCopy({request.source, request.source_size}).release());
  clang::CompilerInstance instance;
  instance.setInvocation(invocation);
  instance.setDiagnostics(diagnostics.get());
  // "1 warning generated." is nobody's business: the log holds the warnings.
  instance.setVerboseOutputStream(std::make_unique<llvm::raw_null_ostream>());
  clang::EmitLLVMOnlyAction action(&context);
  if (!instance.ExecuteAction(action)) return nullptr;
  return action.takeModule();
}

// After everything else, so that what is checked is what runs. Tables of constants are left alone:
// nothing of a kernel runs before its entry, which is where they would be registered.
void check_addresses(llvm::PassBuilder& builder, llvm::Module& module) {
  for (llvm::GlobalVariable& variable : module.globals()) {
    llvm::GlobalValue::SanitizerMetadata exempt;
    exempt.NoAddress = true;
    variable.setSanitizerMetadata(exempt);
  }
  builder.registerOptimizerLastEPCallback(
      [](llvm::ModulePassManager& passes, llvm::OptimizationLevel) {
        llvm::AddressSanitizerOptions options;
        options.UseAfterReturn = llvm::AsanDetectStackUseAfterReturnMode::Never;
        passes.addPass(llvm::AddressSanitizerPass(options, false, false, llvm::AsanDtorKind::None,
                                                  llvm::AsanCtorKind::None));
      });
}

// Statements side by side become vectors in kernels that only copy, which say so. Of a product of
// i64 [7, 2] and [2, 4] LLVM 19 computes wrong elements that way (AVX-512).
bool copies_side_by_side(std::string_view source) {
  return source.find("  SIDE_BY_SIDE\n") != std::string_view::npos;
}

void optimise(llvm::Module& module, llvm::TargetMachine& machine, bool sanitize,
              bool side_by_side) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.LoopUnrolling = tuning.LoopInterleaving = true;
  tuning.SLPVectorization = side_by_side;
  llvm::PassBuilder builder(&machine, tuning);
  if (sanitize) check_addresses(builder, module);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

std::string generated(llvm::Module& module, llvm::TargetMachine& machine, int emit) {
  std::string out;
  if (emit == CROTON_EMIT_LLVM) {
    llvm::raw_string_ostream stream(out);
    module.print(stream, nullptr);
    return out;
  }
  if (emit == CROTON_EMIT_OBJECT) {
    llvm::orc::SimpleCompiler compiler(machine);
    if (auto object = compiler(module)) return (*object)->getBuffer().str();
    return out;
  }
  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile);
  passes.run(module);
  return {buffer.begin(), buffer.end()};
}

croton_compile_result* compile(const croton_compile_request* request) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
  auto* result = static_cast<croton_compile_result*>(std::calloc(1, sizeof(croton_compile_result)));
  if (result == nullptr) return nullptr;
  std::string log, remarks, data;
  {
    llvm::LLVMContext context;
    context.setDiagnosticHandler(std::make_unique<RemarkHandler>(remarks));
    if (std::unique_ptr<llvm::Module> module = front_end(*request, context, log)) {
      context.setDiagnosticHandler(std::make_unique<RemarkHandler>(remarks));
      llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(llvm::sys::getProcessTriple())};
      builder.setCPU(request->cpu);
      builder.setRelocationModel(llvm::Reloc::PIC_);
      builder.setCodeModel(llvm::CodeModel::Small);
      builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
      if (auto machine = builder.createTargetMachine()) {
        module->setDataLayout((*machine)->createDataLayout());
        optimise(*module, **machine, request->sanitize != 0,
                 copies_side_by_side({request->source, request->source_size}));
        data = generated(*module, **machine, request->emit);
        result->ok = data.empty() ? 0 : 1;
      } else {
        log += llvm::toString(machine.takeError());
      }
    }
  }
  result->data = copied(data);
  result->size = data.size();
  result->log = copied(log);
  result->remarks = copied(remarks);
  return result;
}

croton_compile_result* archive(const croton_archive_member* members, size_t count) {
  auto* result = static_cast<croton_compile_result*>(std::calloc(1, sizeof(croton_compile_result)));
  if (result == nullptr) return nullptr;
  std::vector<llvm::NewArchiveMember> list;
  for (size_t i = 0; i < count; ++i)
    list.emplace_back(llvm::MemoryBufferRef({members[i].data, members[i].size}, members[i].name));
  std::string log, data;
  auto buffer = llvm::writeArchiveToBuffer(list, llvm::SymtabWritingMode::NormalSymtab,
                                           llvm::object::Archive::K_GNU, true, false);
  if (buffer)
    data = (*buffer)->getBuffer().str();
  else
    log = llvm::toString(buffer.takeError());
  result->ok = data.empty() ? 0 : 1;
  result->data = copied(data);
  result->size = data.size();
  result->log = copied(log);
  return result;
}

void release(croton_compile_result* result) {
  if (result == nullptr) return;
  std::free(result->data);
  std::free(result->log);
  std::free(result->remarks);
  std::free(result);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const croton_compiler* croton_compiler_query() {
  static const croton_compiler table = {CROTON_COMPILER_ABI, "clang " LLVM_VERSION_STRING, compile,
                                        archive, release};
  return &table;
}
