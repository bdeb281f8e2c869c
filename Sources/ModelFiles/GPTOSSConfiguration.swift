// GPTOSSConfiguration.swift — a gpt-oss model's dimensions and constants, from whichever file has them.

/// Dimensions and constants of one gpt-oss model.
public struct GPTOSSConfiguration: Equatable, Sendable {
  public var layerCount: Int
  public var hiddenSize: Int
  /// Width of an expert between its two matrices.
  public var intermediateSize: Int
  public var headCount: Int
  public var kvHeadCount: Int
  public var headSize: Int
  public var expertCount: Int
  public var expertsPerToken: Int
  /// Rows of the embedding; token ids are below it.
  public var vocabularySize: Int
  /// Keys that a sliding layer's query sees, its own included.
  public var slidingWindow: Int
  /// Per layer: true where the layer sees only the window.
  public var layerIsSliding: [Bool]
  public var rmsNormEpsilon: Float
  public var ropeTheta: Double
  public var yarn: YaRN?
  /// Positions the model was made for.
  public var contextLengthMax: Int
  public var swigluAlpha: Float
  public var swigluLimit: Float

  /// RoPE scaling (Peng et al. 2023, "YaRN"), as gpt-oss uses it.
  public struct YaRN: Equatable, Sendable {
    public var factor: Double
    public var betaFast: Double
    public var betaSlow: Double
    public var originalContextLength: Int
    /// Rounds the correction range to whole dimensions. gpt-oss does not.
    public var truncate: Bool

    public init(
      factor: Double, betaFast: Double, betaSlow: Double, originalContextLength: Int,
      truncate: Bool
    ) {
      self.factor = factor
      self.betaFast = betaFast
      self.betaSlow = betaSlow
      self.originalContextLength = originalContextLength
      self.truncate = truncate
    }
  }

  public init(
    layerCount: Int, hiddenSize: Int, intermediateSize: Int, headCount: Int, kvHeadCount: Int,
    headSize: Int, expertCount: Int, expertsPerToken: Int, vocabularySize: Int,
    slidingWindow: Int, layerIsSliding: [Bool], rmsNormEpsilon: Float, ropeTheta: Double,
    yarn: YaRN?, contextLengthMax: Int, swigluAlpha: Float, swigluLimit: Float
  ) {
    self.layerCount = layerCount
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.headCount = headCount
    self.kvHeadCount = kvHeadCount
    self.headSize = headSize
    self.expertCount = expertCount
    self.expertsPerToken = expertsPerToken
    self.vocabularySize = vocabularySize
    self.slidingWindow = slidingWindow
    self.layerIsSliding = layerIsSliding
    self.rmsNormEpsilon = rmsNormEpsilon
    self.ropeTheta = ropeTheta
    self.yarn = yarn
    self.contextLengthMax = contextLengthMax
    self.swigluAlpha = swigluAlpha
    self.swigluLimit = swigluLimit
  }
}
