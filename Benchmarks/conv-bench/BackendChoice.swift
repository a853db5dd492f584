import Backends
import Convolution

/// A backend to run and the variant to force, if any.
struct BackendChoice {
  let backend: any ConvolutionBackend
  let variant: String?

  /// `winograd`, `winograd-f4`.
  var name: String { backend.name + (variant.map { "-" + $0 } ?? "") }

  /// What `--backend` and `--variant` say; without `--backend` all but `reference`, which competes
  /// with nobody. `auto` knows the tuning file.
  static func selected(by options: Options) throws(CommandError) -> [BackendChoice] {
    var choices: [BackendChoice] = []
    if options.backends.isEmpty {
      choices = all.filter { $0.backend.name != "reference" }
    }
    for name in options.backends {
      choices += name == "all" ? all : [try named(name)]
    }
    if let variant = options.variant { choices = try force(variant, on: choices) }
    var seen: Set<String> = []
    let selected = choices.filter { seen.insert($0.name).inserted }
    guard selected.contains(where: { $0.backend is AutoBackend }) else { return selected }
    let auto = BackendChoice(backend: try Tuning.backend(options), variant: nil)
    return selected.map { $0.backend is AutoBackend && $0.variant == nil ? auto : $0 }
  }

  /// What `tune` measures: everything that `auto` may choose, and peers to compare it with.
  static let tuned: [BackendChoice] = {
    let candidates = AutoBackend.candidates.map {
      BackendChoice(backend: $0.backend, variant: $0.variant)
    }
    let others = ["reference", "auto"] + candidates.map(\.backend.name)
    return candidates + all.filter { !others.contains($0.backend.name) }
  }()

  /// The names of the implementations that are asked for: `auto` is none of them.
  static func implementations(_ options: Options) throws(CommandError) -> [String] {
    guard !options.backends.contains("auto") else {
      throw .usage("--backend: auto is a choice among backends; give those to compare")
    }
    let wanted = options.backends.flatMap { $0 == "all" ? BackendList.all.map(\.name) : [$0] }
    return (wanted.isEmpty ? all.map(\.name).filter { $0 != "reference" } : wanted)
      .filter { $0 != "auto" }
  }

  /// The backend, or backend and variant, of that name.
  static func named(_ name: String) throws(CommandError) -> BackendChoice {
    if let backend = BackendList.named(name) {
      return BackendChoice(backend: backend, variant: nil)
    }
    for backend in BackendList.all {
      for variant in backend.forcible where name == "\(backend.name)-\(variant)" {
        return BackendChoice(backend: backend, variant: variant)
      }
    }
    throw .usage(
      "--backend: unknown backend '\(name)'\(ArgumentParser.suggestion(name, names)); there are "
        + BackendList.all.map(\.name).joined(separator: ", ")
        + "; conv-bench list backends shows their variants")
  }

  /// The names of all backends, each followed by those of its variants.
  static let names = BackendList.all.flatMap { backend in
    [backend.name] + backend.forcible.map { "\(backend.name)-\($0)" }
  }

  private static let all = BackendList.all.map { BackendChoice(backend: $0, variant: nil) }

  /// Those of the backends that have the variant run it, the others are left out.
  private static func force(
    _ variant: String, on choices: [BackendChoice]
  ) throws(CommandError) -> [BackendChoice] {
    let forced = choices.filter { $0.variant == nil && $0.backend.forcible.contains(variant) }
    guard forced.isEmpty else {
      return forced.map { BackendChoice(backend: $0.backend, variant: variant) }
    }
    let known = choices.flatMap { choice in
      choice.backend.forcible.map { "\(choice.backend.name)-\($0)" }
    }
    throw .usage(
      "--variant: no backend selected has a variant '\(variant)'; "
        + (known.isEmpty
          ? "none of them has variants" : "there are \(known.joined(separator: ", "))"))
  }
}
