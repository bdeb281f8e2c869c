// ModelFileError.swift — everything that can be wrong with a model's files, and what to do about it.

import Base
import Glibc

/// A model file that could not be used. `description` names file, tensor, field and remedy.
public enum ModelFileError: Error, Equatable, Sendable {
  case cannotOpen(path: String, errno: Int32)
}

extension ModelFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotOpen(let path, let code):
      "\(path) cannot be opened: \(String(cString: strerror(code)))."
    }
  }
}
