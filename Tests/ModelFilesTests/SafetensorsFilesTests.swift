// SafetensorsFilesTests.swift — an index and its shards, and where they disagree.

import Base
import ModelFiles
import TestKit
import Testing

@Suite struct `A folder of safetensors` {
  @Test(arguments: [
    (#"{}"#, #"INDEX: "weight_map" is missing, empty or no object."#),
    (#"{"weight_map":[]}"#, #"INDEX: "weight_map" is missing, empty or no object."#),
    (#"{"weight_map":{}}"#, #"INDEX: "weight_map" is missing, empty or no object."#),
    (
      #"{"weight_map":{"norm":7}}"#,
      #"INDEX: "weight_map" should give a file's name for the tensor "norm"."#
    ),
    (
      #"{"weight_map":{"norm":"../a.safetensors"}}"#,
      "INDEX: the file name \"../a.safetensors\" leads out of the folder or is not a name. "
        + "Do not trust this model."
    ),
    (
      #"{"weight_map":{"norm":"/etc/passwd"}}"#,
      "INDEX: the file name \"/etc/passwd\" leads out of the folder or is not a name. "
        + "Do not trust this model."
    ),
    (
      #"{"weight_map":{"norm":"x/./a.safetensors"}}"#,
      "INDEX: the file name \"x/./a.safetensors\" leads out of the folder or is not a name. "
        + "Do not trust this model."
    ),
    (
      #"{"weight_map":{"norm":""}}"#,
      "INDEX: the file name \"\" leads out of the folder or is not a name. "
        + "Do not trust this model."
    ),
    (
      #"{"weight_map":{"norm":"gone.safetensors"}}"#,
      "FOLDER/gone.safetensors cannot be opened: No such file or directory."
    ),
    (
      #"{"weight_map":{"norm":"a.safetensors","more":"a.safetensors"}}"#,
      "INDEX: the tensor \"more\" should be in a.safetensors, and is not. Index and files are not "
        + "of the same download; fetch both again."
    ),
    (
      #"{"weight_map":{"norm":"a.safetensors","head":"b.safetensors"}}"#,
      "INDEX: the tensor \"norm\" is both in FOLDER/a.safetensors and in FOLDER/b.safetensors. "
        + "Remove the file that is stale."
    ),
    (
      #"{"weight_map":{"norm":"a.safetensors","norm":"a.safetensors"}}"#,
      "INDEX, line 1, column 46: the key \"norm\" appears twice. Remove one of them."
    ),
    (
      "{",
      "INDEX, line 1, column 2: the text ends where \",\" or \"}\" should be. "
        + "The file is probably incomplete."
    ),
  ])
  func `is refused where index and files disagree`(index: String, expected: String) throws {
    let folder = try TemporaryFolder()
    let norm = TestTensor(name: "norm", type: "U8", shape: [1], bytes: [0])
    let head = TestTensor(name: "head", type: "U8", shape: [1], bytes: [0])
    try folder.writeModel(
      TinyModel().configuration, ["a.safetensors": [norm], "b.safetensors": [norm, head]])
    try folder.write("model.safetensors.index.json", Array(index.utf8))
    let found = sentence { try GPTOSSCheckpoint(path: folder.path) }
    #expect(
      found.replacing(folder.path + "/model.safetensors.index.json", with: "INDEX")
        .replacing(folder.path, with: "FOLDER") == expected)
  }

  @Test func `may keep shards in folders below it`() throws {
    let folder = try TemporaryFolder()
    let model = TinyModel()
    try folder.makeFolder("deep")
    try folder.writeModel(model.configuration, ["deep/a.safetensors": model.tensors])
    let map = JSONObject(model.tensors.map { ($0.name, "deep/a.safetensors") })
    let index: JSONValue = ["weight_map": .object(map)]
    try folder.write("model.safetensors.index.json", Array(index.compactText.utf8))
    #expect(try GPTOSSCheckpoint(path: folder.path).facts.tensorCount == 22)
  }

  @Test func `without an index is read whole, each tensor once`() throws {
    let folder = try TemporaryFolder()
    let model = TinyModel()
    let (front, back) = (Array(model.tensors.prefix(9)), Array(model.tensors.dropFirst(9)))
    try folder.writeModel(model.configuration, ["x.safetensors": front, "y.safetensors": back])
    #expect(try GPTOSSCheckpoint(path: folder.path).facts.tensorCount == 22)
    try folder.write("y.safetensors", (back + [front[2]]).safetensors)
    #expect(
      sentence { try GPTOSSCheckpoint(path: folder.path) } == """
        \(folder.path): the tensor "model.layers.0.self_attn.q_proj.weight" is both in \
        \(folder.path)/x.safetensors and in \(folder.path)/y.safetensors. \
        Remove the file that is stale.
        """)
  }

  @Test func `is refused where a tensor is missing, misshapen or of another type`() throws {
    let model = TinyModel()
    let name = "model.layers.0.mlp.experts.down_proj_scales"
    var tensors = model.tensors
    let index = try #require(tensors.firstIndex { $0.name == name })
    let tensor = tensors.remove(at: index)
    func refusal() -> String {
      sentence {
        try GPTOSSCheckpoint(
          safetensors: MappedFile(copying: tensors.safetensors, path: "a.safetensors"),
          configuration: model.configuration)
      }
    }
    #expect(
      refusal() == """
        a.safetensors has no tensor "\(name)", which a gpt-oss model needs. The download is \
        probably incomplete; fetch it again.
        """)
    tensors.append(
      TestTensor(name: name, type: "U8", shape: [2, 16, 2], bytes: tensor.bytes))
    #expect(
      refusal() == """
        a.safetensors, tensor "\(name)": its shape is [2, 16, 2], and the configuration makes it \
        [2, 32, 1]. Weights and configuration are not of the same model.
        """)
    tensors[tensors.count - 1] = TestTensor(
      name: name, type: "I8", shape: [2, 32, 1], bytes: tensor.bytes)
    #expect(
      refusal() == "a.safetensors, tensor \"\(name)\": its type is I8; what is read here is U8.")
  }

  @Test(arguments: [
    ("model.norm.weight", "U16", "F32, F16, BF16"),
    (
      "lm_head.weight", "U16",
      "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, MXFP4"
    ),
  ])
  func `is refused where a weight is of a type that is none`(
    name: String, type: String, expected: String
  ) throws {
    var tensors = TinyModel().tensors
    let index = try #require(tensors.firstIndex { $0.name == name })
    tensors[index].type = type
    let file = try MappedFile(copying: tensors.safetensors, path: "a.safetensors")
    let refusal = sentence {
      try GPTOSSCheckpoint(safetensors: file, configuration: TinyModel().configuration)
    }
    #expect(
      refusal
        == "a.safetensors, tensor \"\(name)\": its type is \(type); what is read here is \(expected)."
    )
  }

  @Test func `is refused where MXFP4 rows are no whole blocks`() throws {
    var model = TinyModel()
    model.intermediate = 48
    let name = "model.layers.0.mlp.experts.down_proj_blocks"
    #expect(model.tensors[name]?.shape == [2, 32, 1, 16])
    let file = try MappedFile(copying: model.tensors.safetensors, path: "a.safetensors")
    let refusal = sentence {
      try GPTOSSCheckpoint(safetensors: file, configuration: model.configuration)
    }
    #expect(
      refusal == """
        a.safetensors, tensor "\(name)": rows of 48 elements cannot be MXFP4, which comes in \
        blocks of 32.
        """)
  }
}

extension JSONObject {
  init(_ members: [(String, String)]) {
    self.init()
    for (key, value) in members { self[key] = .string(value) }
  }
}
