// Package simulation runs merchants' workers, the real client and a simulated
// Assist through every fault that a network, a server and a process can have,
// and checks after every step where the money is.
//
// All that happens in a scenario comes from its seed, so a seed that finds
// something finds it again. Time is virtual: a scenario of three days takes a
// millisecond. See docs/simulation.md for what is simulated, what must hold and
// how to run it.
//
//	go test ./test/simulation -run TestSeeds -seeds 100000 -timeout 0
//	go test ./test/simulation -run TestSeeds -seed 4711 -v
//
// It is no part of the SDK, and nothing but its tests imports it.
package simulation
