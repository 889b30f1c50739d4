// Package points compares captures that were taken at several points of the way between the same hosts.
//
// In: judged captures ([capture.Result]) that can be read a second time. Out: a [Path] for each pair of addresses and each two
// neighbouring points: which packets went in at one point and did not come out at the other, in which direction, and which came
// out that never went in. That is what a firewall team needs: the stretch, the direction and the frames.
//
// The flow, one file each: match.go finds the sessions that two captures share, by addresses, ports and initial sequence numbers,
// behind address translation by sequence numbers or the ClientHello's random; trace.go reads both captures again and keeps the packets of
// the chosen sessions; align.go pairs packet with packet; place.go tells which point is nearer to the client; clock.go how far
// the clocks are apart; path.go draws the conclusions and text.go puts them into words; confirm.go carries them back into the results.
//
// Memory is bounded whatever the captures hold: see the constants in trace.go.
package points
