// Package transfer downloads files over SFTP from one node, fast over long paths and safely over bad ones.
//
// In: how to connect, and which files. Out: whole files beside their final names renamed when they are right, each with its
// size and SHA-256, or the reason why it is not there. A broken connection is made again and the download goes on where it
// stopped, after what is already here was compared with the node's. It writes to nothing on the node. Start at Fetcher.
//
// How it is fast: one channel carries at most its window of 2 MiB per round trip, so several channels are opened at the same
// time and each file is asked for in pieces over all of them. How it stays gentle: what is in flight is bounded, and shrinks
// where answers take long (window.go). Pieces are written in order, so a part file always is the beginning of the file.
package transfer
