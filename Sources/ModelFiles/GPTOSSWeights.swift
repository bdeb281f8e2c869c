// GPTOSSWeights.swift — a gpt-oss model's weights by role, whatever file layout they came from.
//
// Three layouts name and arrange the same numbers differently (Hugging Face, OpenAI's original,
// GGUF). Each is expressed here as views into the mapped files: a fused QKV matrix is three row
// ranges, interleaved gate and up rows are two views with twice the row stride, experts stored
// transposed are views with swapped strides. Nothing is copied.

/// A run of bytes in a mapped file; keeps the mapping alive.
public struct MappedBytes: Sendable {
  public let file: MappedFile
  /// Byte offset into the file.
  public let offset: Int
  public let count: Int

  public init(file: MappedFile, offset: Int, count: Int) {
    self.file = file
    self.offset = offset
    self.count = count
  }

  /// The bytes. Valid only while `file` lives.
  public var pointer: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + count])
  }

  /// Says that the bytes are not needed soon: they no longer count as this process's memory, and
  /// come back from the file when they are read.
  public func forget() { file.forget(offset..<offset + count) }
}

/// A (rows, columns) matrix view, `out = matrix · x` with x (columns,).
public struct WeightMatrix: Sendable {
  /// The tensor's name in its file, for messages.
  public let name: String
  public let format: WeightFormat
  public let rows: Int
  public let columns: Int
  /// From the first byte of row 0 to the last byte of the last row.
  public let bytes: MappedBytes
  /// Bytes from one row's start to the next one's.
  public let rowStride: Int
  /// Bytes from one element to its neighbour in a row; block formats have no such thing: 0.
  public let columnStride: Int
  /// `mxfp4Split` only: one E8M0 byte per block of 32, from row 0's first.
  public let scales: MappedBytes?
  public let scaleRowStride: Int

  public init(
    name: String, format: WeightFormat, rows: Int, columns: Int, bytes: MappedBytes,
    rowStride: Int, columnStride: Int, scales: MappedBytes? = nil, scaleRowStride: Int = 0
  ) {
    self.name = name
    self.format = format
    self.rows = rows
    self.columns = columns
    self.bytes = bytes
    self.rowStride = rowStride
    self.columnStride = columnStride
    self.scales = scales
    self.scaleRowStride = scaleRowStride
  }
}

/// A (count,) vector view: norm gains, biases, sinks. Small, so it is read out as float32.
public struct WeightVector: Sendable {
  public let name: String
  public let format: WeightFormat
  public let count: Int
  public let bytes: MappedBytes
  /// Bytes from one element to the next.
  public let stride: Int

  public init(name: String, format: WeightFormat, count: Int, bytes: MappedBytes, stride: Int) {
    self.name = name
    self.format = format
    self.count = count
    self.bytes = bytes
    self.stride = stride
  }
}

/// One expert's three matrices. `gate` and `up` are (intermediate, hidden), `down` is
/// (hidden, intermediate).
public struct ExpertWeights: Sendable {
  public var gate: WeightMatrix
  public var up: WeightMatrix
  public var down: WeightMatrix
  public var gateBias: WeightVector
  public var upBias: WeightVector
  public var downBias: WeightVector

  public init(
    gate: WeightMatrix, up: WeightMatrix, down: WeightMatrix, gateBias: WeightVector,
    upBias: WeightVector, downBias: WeightVector
  ) {
    self.gate = gate
    self.up = up
    self.down = down
    self.gateBias = gateBias
    self.upBias = upBias
    self.downBias = downBias
  }
}

/// One transformer block.
public struct LayerWeights: Sendable {
  public var attentionNorm: WeightVector
  public var query: WeightMatrix
  public var key: WeightMatrix
  public var value: WeightMatrix
  public var attentionOutput: WeightMatrix
  public var queryBias: WeightVector
  public var keyBias: WeightVector
  public var valueBias: WeightVector
  public var attentionOutputBias: WeightVector
  /// One logit per query head, joining each softmax without a value.
  public var sinks: WeightVector
  public var mlpNorm: WeightVector
  public var router: WeightMatrix
  public var routerBias: WeightVector
  public var experts: [ExpertWeights]

  public init(
    attentionNorm: WeightVector, query: WeightMatrix, key: WeightMatrix, value: WeightMatrix,
    attentionOutput: WeightMatrix, queryBias: WeightVector, keyBias: WeightVector,
    valueBias: WeightVector, attentionOutputBias: WeightVector, sinks: WeightVector,
    mlpNorm: WeightVector, router: WeightMatrix, routerBias: WeightVector,
    experts: [ExpertWeights]
  ) {
    self.attentionNorm = attentionNorm
    self.query = query
    self.key = key
    self.value = value
    self.attentionOutput = attentionOutput
    self.queryBias = queryBias
    self.keyBias = keyBias
    self.valueBias = valueBias
    self.attentionOutputBias = attentionOutputBias
    self.sinks = sinks
    self.mlpNorm = mlpNorm
    self.router = router
    self.routerBias = routerBias
    self.experts = experts
  }
}

/// All weights of a gpt-oss model. Shapes agree with `GPTOSSConfiguration`: the loader has checked.
public struct GPTOSSWeights: Sendable {
  /// (vocabulary, hidden).
  public var embedding: WeightMatrix
  public var layers: [LayerWeights]
  public var outputNorm: WeightVector
  /// (vocabulary, hidden).
  public var unembedding: WeightMatrix

  public init(
    embedding: WeightMatrix, layers: [LayerWeights], outputNorm: WeightVector,
    unembedding: WeightMatrix
  ) {
    self.embedding = embedding
    self.layers = layers
    self.outputNorm = outputNorm
    self.unembedding = unembedding
  }
}
