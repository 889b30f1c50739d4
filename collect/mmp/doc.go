// Package mmp speaks the command line of a CMS node (the MMP) over an SSH connection that is already open.
//
// In: an SSH client and Commands. Out: what the node printed, without echo, pager and prompt. It sends nothing but Commands,
// and those are made in command.go alone, from a table of what changes nothing on a node: no other package can make one.
// Start at Open.
package mmp
