// Martlet.swift — the program: hands its arguments to the command line and exits with its code.

import CLI

@main
struct Martlet {
  static func main() {
    CommandLineProgram.main()
  }
}
