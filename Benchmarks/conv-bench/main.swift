import Backends
import Convolution
import KernelInterface
import Glibc
var cell: [Float] = [0.5, 1, 0]
for isa in InstructionSet.available { 
 var ts = timespec(); clock_gettime(CLOCK_MONOTONIC, &ts); let t0 = Double(ts.tv_sec)+1e-9*Double(ts.tv_nsec)
 let f = isa.kernels.peak(10_000_000, &cell)
 clock_gettime(CLOCK_MONOTONIC, &ts); let t1 = Double(ts.tv_sec)+1e-9*Double(ts.tv_nsec)
 print(isa, f/(t1-t0)/1e9) }
