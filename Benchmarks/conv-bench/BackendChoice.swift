import Backends
import Convolution

/// A backend to run and the variant to force, if any.
struct BackendChoice {
  let backend: any ConvolutionBackend
  let variant: String?

  /// `winograd`, `winograd-f4`.
  var name: String { backend.name + (variant.map { "-" + $0 } ?? "") }

  /// What `--backend` and `--variant` say; without `--backend` all but `reference`, which competes
  /// with nobody.
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
    return choices.filter { seen.insert($0.name).inserted }
  }

  /// The backend, or backend and variant, of that name.
  static func named(_ name: String) throws(CommandError) -> BackendChoice {
    if let backend = BackendList.named(name) {
      return BackendChoice(backend: backend, variant: nil)
    }
    for backend in BackendList.all {
      for variant in backend.variants where name == "\(backend.name)-\(variant)" {
        return BackendChoice(backend: backend, variant: variant)
      }
    }
    throw .usage(
      "--backend: unknown backend '\(name)'\(ArgumentParser.suggestion(name, names)); there are "
        + names.joined(separator: ", "))
  }

  /// The names of all backends, each followed by those of its variants.
  static let names = BackendList.all.flatMap { backend in
    [backend.name] + backend.variants.map { "\(backend.name)-\($0)" }
  }

  private static let all = BackendList.all.map { BackendChoice(backend: $0, variant: nil) }

  /// Those of the backends that have the variant run it, the others are left out.
  private static func force(
    _ variant: String, on choices: [BackendChoice]
  ) throws(CommandError) -> [BackendChoice] {
    let forced = choices.filter { $0.variant == nil && $0.backend.variants.contains(variant) }
    guard forced.isEmpty else {
      return forced.map { BackendChoice(backend: $0.backend, variant: variant) }
    }
    let known = choices.flatMap { choice in
      choice.backend.variants.map { "\(choice.backend.name)-\($0)" }
    }
    throw .usage(
      "--variant: no backend selected has a variant '\(variant)'; "
        + (known.isEmpty
          ? "none of them has variants" : "there are \(known.joined(separator: ", "))"))
  }
}
