// ModelShelf.swift — every model that is on this machine already, whoever brought it here.

import Glibc
import Hub
import Inference
import ModelFiles

/// A model that was found.
public struct ShelvedModel: Equatable, Sendable {
  /// Where it was found.
  public enum Place: String, CaseIterable, Sendable {
    case shipped, store
    /// The cache that programs share.
    case cache = "hf-cache"
    case ollama
    case lmStudio = "lm-studio"
    case llamaCpp = "llama.cpp"
    /// Packed weights of one of the others.
    case packed
  }

  /// What `--model` takes: a name where there is one, else the path.
  public var name: String
  public var place: Place
  public var path: String
  /// Of its weights.
  public var byteCount: Int
  /// Why it cannot be used; nil for one that can.
  public var problem: String?
  /// What packed weights were made from; nil for a model.
  public var source: String?
}

/// Finds models; reads their tables and no weights, and changes nothing.
public struct ModelShelf: Sendable {
  private let places: Places

  public init(_ places: Places) { self.places = places }

  /// Everything that was found, by place.
  public func models() -> [ShelvedModel] {
    stored() + cached()
      + places.otherStores.models().map { model in
        let place: ShelvedModel.Place =
          switch model.owner {
          case .ollama: .ollama
          case .lmStudio: .lmStudio
          case .llamaCpp: .llamaCpp
          }
        // Ollama's names mean nothing to --model, and its paths nothing to people.
        return look(model.path, place, name: place == .ollama ? model.name : model.path)
      } + packed()
  }

  private func packed() -> [ShelvedModel] {
    places.packedStore.files().map { file in
      ShelvedModel(
        name: file.name, place: .packed, path: file.path, byteCount: file.byteCount,
        source: file.modelPath)
    }
  }

  private func stored() -> [ShelvedModel] {
    var models: [ShelvedModel] = []
    if let folder = places.resources?.modelsFolder {
      models += folders(in: folder).map { look("\(folder)/\($0)", .shipped, name: $0) }
    }
    let store = places.modelsFolder
    models += folders(in: store).map { look("\(store)/\($0)", .store, name: $0) }
    models += LocalStores.ggufFiles(store, depthMax: 0).map {
      look("\(store)/\($0)", .store, name: "\(store)/\($0)")
    }
    return models
  }

  /// Names of folders that hold a model.
  private func folders(in folder: String) -> [String] {
    folderNames(in: folder).filter { Resources.exists("\(folder)/\($0)/config.json") }
  }

  private func cached() -> [ShelvedModel] {
    places.modelCache.entries().flatMap { entry -> [ShelvedModel] in
      let found = entry.models.compactMap { reference -> ShelvedModel? in
        guard let path = places.modelCache.path(of: reference) else { return nil }
        return look(path, .cache, name: reference.shortText)
      }
      guard found.isEmpty else { return found }
      let reference = ModelReference(entry.repository)
      let problem =
        entry.isUnderWay
        ? "only half here; go on with: martlet model pull \(reference.shortText)"
        : "nothing in it that can be loaded"
      return [
        ShelvedModel(
          name: reference.shortText, place: .cache,
          path: places.modelCache.folder(of: entry.repository), byteCount: entry.byteCount,
          problem: problem)
      ]
    }
  }

  private func look(_ path: String, _ place: ShelvedModel.Place, name: String) -> ShelvedModel {
    var model = ShelvedModel(name: name, place: place, path: path, byteCount: 0, problem: nil)
    do throws(ModelFileError) {
      let files = try GPTOSSCheckpoint(path: path).facts.files
      model.byteCount = files.reduce(0) { $0 + Int($1.byteCount) }
    } catch {
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        model.byteCount = Int(status.st_size)
      }
      model.problem = "\(error)"
    }
    return model
  }
}
