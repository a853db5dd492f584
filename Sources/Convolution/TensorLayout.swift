/// How an activation tensor lies in memory.
public enum TensorLayout: Hashable, Sendable {
  /// `[n][c][h][w]`, plain.
  case nchw
  /// `[n][group][c / lanes][h][w][lanes]`: channels in blocks of one vector, each group's last
  /// block filled up with zeros (oneDNN's `nChw16c` when `lanes` is 16).
  case blocked(lanes: Int)

  /// oneDNN's name of the layout.
  public var name: String {
    switch self {
    case .nchw: "nchw"
    case .blocked(let lanes): "nChw\(lanes)c"
    }
  }
}

/// The shape of an activation tensor and its layout.
public struct TensorDescription: Hashable, Sendable {
  /// Images.
  public let mb: Int
  /// Groups whose channels are blocked apart from each other's.
  public let groups: Int
  /// Channels of one group.
  public let channels: Int
  /// Pixels down.
  public let height: Int
  /// Pixels across.
  public let width: Int
  /// The order in memory.
  public let layout: TensorLayout

  /// Creates a description; sizes are those of a valid problem.
  public init(
    mb: Int, groups: Int, channels: Int, height: Int, width: Int, layout: TensorLayout
  ) {
    self.mb = mb
    self.groups = groups
    self.channels = channels
    self.height = height
    self.width = width
    self.layout = layout
  }

  /// Channels of one group as stored, the zero filling of its last block counted.
  public var storedChannels: Int {
    switch layout {
    case .nchw: channels
    case .blocked(let lanes): (channels + lanes - 1) / lanes * lanes
    }
  }

  /// Elements in memory, filling counted.
  public var count: Int { mb * groups * storedChannels * height * width }

  /// Offset in elements of channel `c` (counted over all groups) at row `y`, column `x` of image `n`.
  public func offset(n: Int, c: Int, y: Int, x: Int) -> Int {
    let image = n * groups * storedChannels * height * width
    switch layout {
    case .nchw:
      return image + (c * height + y) * width + x
    case .blocked(let lanes):
      let (group, local) = (c / channels, c % channels)
      let block = group * (storedChannels / lanes) + local / lanes
      return image + ((block * height + y) * width + x) * lanes + local % lanes
    }
  }
}

extension ConvolutionProblem {
  /// The source tensor in `layout`, its groups blocked apart unless `groupsApart` is false.
  public func srcDescription(_ layout: TensorLayout, groupsApart: Bool = true) -> TensorDescription
  {
    let groups = groupsApart ? g : 1
    return TensorDescription(
      mb: mb, groups: groups, channels: ic / groups, height: ih, width: iw, layout: layout)
  }

  /// The destination tensor in `layout`, its groups blocked apart unless `groupsApart` is false.
  public func dstDescription(_ layout: TensorLayout, groupsApart: Bool = true) -> TensorDescription
  {
    let groups = groupsApart ? g : 1
    return TensorDescription(
      mb: mb, groups: groups, channels: oc / groups, height: oh, width: ow, layout: layout)
  }
}
