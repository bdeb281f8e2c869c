// ModelFileErrorText.swift — everything that can be wrong with a model's files: what to do about it.

import Base
import Glibc

extension ModelFileError: CustomStringConvertible {
  public var description: String {
    // Names come from files that nobody vouches for, and this may go to a terminal.
    sentence.withoutControls
  }

  private var sentence: String {
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
      \(path) ends inside "\(field.shown)": byte \(offset) needs \(needed) bytes, \(remaining) left. \
      The download is probably incomplete; fetch it again.
      """
    case .overLimit(let path, let what, let found, let limit):
      "\(path) has \(found) \(what.shown); the limit is \(limit)."
    case .duplicate(let path, let what, let name):
      "\(path) has the \(what) \"\(name.shown)\" twice."
    case .notUTF8(let path, let field): "\(path): the \(field) is not valid UTF-8."
    case .json(let error): error.description
    case .safetensors(let path, let tensor?, let problem):
      "\(path), tensor \"\(tensor.shown)\": \(problem.sentence)"
    case .safetensors(let path, nil, let problem): "\(path): \(problem.sentence)"
    case .gguf(let path, let place?, let problem): "\(path), \(place.shown): \(problem.sentence)"
    case .gguf(let path, nil, let problem): "\(path): \(problem.sentence)"
    case .shards(let path, let problem): "\(path): \(problem.sentence)"
    case .configuration(let path, let field, let problem):
      "\(path), \(field): \(problem.sentence)"
    case .tensorMissing(let path, let tensor):
      """
      \(path) has no tensor "\(tensor.shown)", which a gpt-oss model needs. \
      The download is probably incomplete; fetch it again.
      """
    case .tensorShape(let path, let tensor, let expected, let found):
      """
      \(path), tensor "\(tensor.shown)": its shape is \(found), and the configuration makes it \
      \(expected). Weights and configuration are not of the same model.
      """
    case .tensorType(let path, let tensor, let expected, let found):
      """
      \(path), tensor "\(tensor.shown)": its type is \(found); what is read here is \
      \(expected.joined(separator: ", ")).
      """
    case .notANumber(let path, let tensor, let place):
      """
      \(path), tensor "\(tensor.shown)": the weight at \(place) is not a finite number. \
      The file is damaged; fetch it again.
      """
    case .rowNotInBlocks(let path, let tensor, let columns, let block):
      """
      \(path), tensor "\(tensor.shown)": rows of \(columns) elements cannot be MXFP4, which comes in \
      blocks of \(block).
      """
    }
  }
}

extension SafetensorsProblem {
  fileprivate var sentence: String {
    switch self {
    case .headerIsNoObject: "the header does not start with \"{\". It is not a safetensors file."
    case .missing(let field): "\"\(field)\" is missing."
    case .unknownType(let name): "the type \"\(name.shown)\" is not one that safetensors defines."
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
      "its data begins at \(begin), inside that of \"\(other.shown)\", which ends at \(end)."
    case .trailing(let count): "\(count) bytes after the last tensor belong to no tensor."
    }
  }
}

extension ShardProblem {
  fileprivate var sentence: String {
    switch self {
    case .noWeightMap: "\"weight_map\" is missing, empty or no object."
    case .shardIsNoName(let tensor):
      "\"weight_map\" should give a file's name for the tensor \"\(tensor.shown)\"."
    case .unsafeName(let name):
      "the file name \"\(name.shown)\" leads out of the folder or is not a name. Do not trust this model."
    case .tensorNotInShard(let tensor, let shard):
      """
      the tensor "\(tensor.shown)" should be in \(shard.shown), and is not. Index and files are not of the \
      same download; fetch both again.
      """
    case .tensorTwice(let tensor, let first, let second):
      "the tensor \"\(tensor.shown)\" is both in \(first) and in \(second). Remove the file that is stale."
    case .splitName(let count):
      """
      the model is split into \(count) files, and this one's name does not end like \
      "-00001-of-\(count.fiveDigits).gguf". Give all parts their names back.
      """
    case .splitNumber(let key, let found, let expected):
      """
      "\(key)" is \(found), and by the names of the parts it is \(expected). The parts are not of \
      the same model, or were renamed.
      """
    case .splitTensorCount(let found, let expected):
      "all parts together have \(found) tensors, and \"split.tensors.count\" is \(expected)."
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
      "\(found.shown) is not supported; supported is \(supported)."
    }
  }
}

extension GGUFProblem {
  fileprivate var sentence: String {
    switch self {
    case .noMagic: "the file does not start with \"GGUF\". It is not a GGUF file."
    case .bigEndian: "the file is big-endian. Use one for little-endian machines."
    case .version(let version):
      "GGUF version \(version) is not read; versions 2 and 3 are. Use a newer conversion."
    case .emptyKey: "a metadata key is empty."
    case .unknownValueType(let number): "the value type \(number) is not one that GGUF defines."
    case .nestedArray: "an array of arrays, which GGUF readers refuse."
    case .badBool(let byte): "a boolean is \(byte), neither 0 nor 1."
    case .alignment: "the alignment must be a power of two, stored as u32."
    case .removedType(let number, let name):
      """
      its type \(number), \(name), has been removed from GGUF. Use a newer conversion, such as \
      ggml-org/gpt-oss-20b-GGUF.
      """
    case .unknownType(let number): "its type \(number) is not one that GGUF defines."
    case .unevenRow(let elements, let type, let block):
      "rows of \(elements) elements cannot be \(type), which comes in blocks of \(block)."
    case .shapeOverflow(let extents):
      "the extents \(extents) have more elements than can be counted."
    case .offset(let found, let expected):
      "its data is at \(found), and the tensors before it end at \(expected)."
    }
  }
}

extension Refusal {
  fileprivate var sentence: String {
    switch self {
    case .architecture(let name):
      "is a model of the architecture \"\(name.shown)\", and only gpt-oss models are run here."
    case .ollama:
      """
      is gpt-oss in Ollama's own arrangement (architecture "gptoss"), which is not read. \
      Use ggml-org/gpt-oss-20b-GGUF or openai/gpt-oss-20b.
      """
    case .metalModel:
      """
      is gpt-oss arranged for OpenAI's Metal program, which is not read. \
      Use the .safetensors files of the same repository.
      """
    case .pickle:
      """
      has its weights as a PyTorch pickle, which can run code when read and is not read. \
      Use the .safetensors files of the same model.
      """
    case .adapter:
      """
      has a PEFT adapter (LoRA), not a whole model. Merge it into its base model, and use the \
      folder that this writes.
      """
    case .splitExperts(let tensor):
      """
      has its experts split into modules (tensor "\(tensor.shown)"), as Unsloth saves them, which is not \
      read. Save it merged, in 16 bits or MXFP4.
      """
    case .bitsAndBytes(let tensor):
      """
      is quantised with bitsandbytes (tensor "\(tensor.shown)"), which is not read. \
      Save it merged, in 16 bits or MXFP4.
      """
    case .quantization(let method):
      """
      says that the weights are quantised with "\(method.shown)"; MXFP4 and unquantised weights are \
      read. Use openai/gpt-oss-20b, or save the model merged, in 16 bits or MXFP4.
      """
    case .partOfFolder: "is one file of a model. Give the folder that it is in."
    case .unknownFile: "is not a model file that is known here. Give a folder or a .gguf file."
    }
  }
}

extension String {
  /// The text with "?" for everything that would move a terminal's cursor or turn its direction.
  fileprivate var withoutControls: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: "?"
          default: scalar
          }
        }))
  }

  /// A name from a file, cut short where it is long.
  fileprivate var shown: String {
    unicodeScalars.count <= 100
      ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(100))) + "…"
  }
}
