// Command delayproxy forwards connections to an address with a delay in each direction and no more than a rate towards the client,
// for the benchmark of the collector: it prints the address that it listens on and runs until its standard input ends.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"cbdoctor/collect/faulty"
)

func main() {
	to := flag.String("to", "", "address to forward to")
	delay := flag.Duration("delay", 25*time.Millisecond, "delay of each direction")
	rate := flag.Int64("rate", 0, "bytes per second of each connection towards the client; 0: no limit")
	flag.Parse()
	p, err := faulty.Listen(*to, func(int) faulty.Link { return faulty.Link{Delay: *delay, Rate: *rate} })
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println(p.Addr)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
