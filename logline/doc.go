// Package logline reads CMS logs: the bytes of a file become lines that are split into time, host, program and text.
//
// In: a stream of bytes, and the programs whose lines are wanted. Out: those lines, and the lines of no known form, in the
// order of the file; and of all others how many there are, of which hosts, and which spans of time they cover. Whatever forms
// of lines mix in a file, each line is looked at by itself, and the program's name at its place decides whose line it is,
// never a word in the text. Almost all lines of a log are of no interest, so the way they are passed over decides the speed:
// they are settled where they stand, without being split (settle.go), on all cores (read.go). It knows nothing of what a line
// means. Start at Reader; Split is for a single line.
package logline
