// Command delayproxy forwards connections to an address with a delay in each direction, for the benchmark of the collector:
// it prints the address that it listens on and runs until its standard input ends.
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
	flag.Parse()
	p, err := faulty.Listen(*to, func(int) faulty.Link { return faulty.Link{Delay: *delay} })
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println(p.Addr)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
