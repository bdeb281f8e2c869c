// CommandLineProgram.swift — words in, words out, exit codes.

public enum CommandLineProgram {
  public static func main() async {}
}
