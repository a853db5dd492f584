import KernelInterface
func winogradFunctions(_ m: Int, _ r: Int) -> WinogradFunctions { WinogradFunctions(input: nil, output: nil) }
