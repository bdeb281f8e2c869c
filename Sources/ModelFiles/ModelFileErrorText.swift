// ModelFileErrorText.swift — everything that can be wrong with a model's files: what to do about it.

import Base
import Glibc

extension ModelFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotOpen(let path, let code):
      "\(path) cannot be opened: \(String(cString: strerror(code)))."
    case .notARegularFile(let path, let kind):
      "\(path) is \(kind.rawValue), and a file is needed here."
    case .noModel(let path, let lookedFor):
      "\(path) has no gpt-oss model. Looked for: \(lookedFor.joined(separator: ", "))."
    case .severalModels(let path, let names):
      "\(path) has more than one model: \(names.joined(separator: ", ")). Name one of them."
    case .refused(let path, let refusal): "\(path) \(refusal.sentence)"
    case .truncated(let path, let field, let offset, let needed, let remaining):
      """
      \(path) ends inside "\(field)": byte \(offset) needs \(needed) bytes, \(remaining) left. \
      The download is probably incomplete; fetch it again.
      """
    case .overLimit(let path, let what, let found, let limit):
      "\(path) has \(found) \(what); the limit is \(limit)."
    case .duplicate(let path, let what, let name):
      "\(path) has the \(what) \"\(name)\" twice."
    case .notUTF8(let path, let field): "\(path): the \(field) is not valid UTF-8."
    case .json(let error): error.description
    case .safetensors(let path, let tensor?, let problem):
      "\(path), tensor \"\(tensor)\": \(problem.sentence)"
    case .safetensors(let path, nil, let problem): "\(path): \(problem.sentence)"
    case .shards(let path, let problem): "\(path): \(problem.sentence)"
    case .configuration(let path, let field, let problem):
      "\(path), \(field): \(problem.sentence)"
    case .tensorMissing(let path, let tensor):
      """
      \(path) has no tensor "\(tensor)", which a gpt-oss model needs. \
      The download is probably incomplete; fetch it again.
      """
    case .tensorShape(let path, let tensor, let expected, let found):
      """
      \(path), tensor "\(tensor)": its shape is \(found), and the configuration makes it \
      \(expected). Weights and configuration are not of the same model.
      """
    case .tensorType(let path, let tensor, let expected, let found):
      """
      \(path), tensor "\(tensor)": its type is \(found); what is read here is \
      \(expected.joined(separator: ", ")).
      """
    }
  }
}

extension SafetensorsProblem {
  fileprivate var sentence: String {
    switch self {
    case .headerIsNoObject: "the header does not start with \"{\". It is not a safetensors file."
    case .missing(let field): "\"\(field)\" is missing."
    case .unknownType(let name): "the type \"\(name)\" is not one that safetensors defines."
    case .offsetsAreNotTwo(let count):
      "\"data_offsets\" has \(count) numbers; begin and end are needed."
    case .backwards(let begin, let end): "the data begins at \(begin) and ends before, at \(end)."
    case .pastEnd(let end, let dataBytes):
      """
      the data ends at \(end), and the file has \(dataBytes) bytes of data. \
      The download is probably incomplete; fetch it again.
      """
    case .shapeOverflow(let shape): "the shape \(shape) has more elements than can be counted."
    case .unevenBytes(let shape, let type):
      "\(type) elements in the shape \(shape) do not fill whole bytes that can be counted."
    case .wrongSize(let shape, let type, let expected, let found):
      "\(type) elements in the shape \(shape) are \(expected) bytes, and its data has \(found)."
    case .gap(let from, let to): "the data bytes \(from)..<\(to) before it belong to no tensor."
    case .overlap(let other, let begin, let end):
      "its data begins at \(begin), inside that of \"\(other)\", which ends at \(end)."
    case .trailing(let count): "\(count) bytes after the last tensor belong to no tensor."
    }
  }
}

extension ShardProblem {
  fileprivate var sentence: String {
    switch self {
    case .noWeightMap: "\"weight_map\" is missing, empty or no object."
    case .shardIsNoName(let tensor):
      "\"weight_map\" should give a file's name for the tensor \"\(tensor)\"."
    case .unsafeName(let name):
      "the file name \"\(name)\" leads out of the folder or is not a name. Do not trust this model."
    case .tensorNotInShard(let tensor, let shard):
      """
      the tensor "\(tensor)" should be in \(shard), and is not. Index and files are not of the \
      same download; fetch both again.
      """
    case .tensorTwice(let tensor, let first, let second):
      "the tensor \"\(tensor)\" is both in \(first) and in \(second). Remove the file that is stale."
    }
  }
}

extension ConfigurationProblem {
  fileprivate var sentence: String {
    switch self {
    case .missing: "missing, and needed."
    case .wrongType(let wanted): "\(wanted) should be here."
    case .outOfRange(let found, let range):
      "\(found) is not between \(range.lowerBound) and \(range.upperBound)."
    case .relation(let found, let rule): "\(found) must be \(rule)."
    case .notAbove(let limit, let found): "\(found) is not a finite number above \(limit)."
    case .belowOne(let found): "\(found) is below 1."
    case .wrongCount(let found, let expected): "\(found) entries, and \(expected) are needed."
    case .unsupported(let found, let supported):
      "\(found) is not supported; supported is \(supported)."
    }
  }
}

extension Refusal {
  fileprivate var sentence: String {
    switch self {
    case .architecture(let name):
      "is a model of the architecture \"\(name)\", and only gpt-oss models are run here."
    }
  }
}
