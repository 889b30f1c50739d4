package transfer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/ssh"
)

// lane reads files and directories over a channel on which pkg/sftp speaks SFTP for everything else. pkg/sftp wants memory for an
// answer when it is asked for, allocates it once more when it comes, and copies it: over a long path that is all that is on the
// wire, twice. A lane takes memory when an answer is there, and reads it off the channel into it; and it asks for all of a directory
// at once (directory.go). The ids of its requests are of the upper half; pkg/sftp counts from 1, and the answers to a lane's requests
// never get to it.
//
// pkg/sftp reads and writes the channel through the lane, so that its receiving goroutine serves both.
type lane struct {
	channel io.WriteCloser
	r       *ahead // the channel, metered
	meter   *meter
	memory  *buffers

	// of Read alone
	space [9]byte // length, type and id of a packet
	head  []byte  // what pkg/sftp has not got yet of space
	pass  int64   // bytes behind it that are pkg/sftp's

	writing sync.Mutex

	mu      sync.Mutex
	last    uint32 // id of the last request
	waiting map[uint32]*request
	broken  error // set when the channel is of no more use
}

// request is a question to the node. Its answer is there when done is closed.
type request struct {
	most int // bytes of data that it may bring
	done chan struct{}

	data []byte // what came is behind what was there
	kind byte   // of an answer other than data
	body []byte // of it
	err  error
}

// Types of packets, draft-ietf-secsh-filexfer-02 section 3.
const (
	typeOpen, typeClose, typeRead, typeFstat, typeOpendir, typeReaddir        = 3, 4, 5, 8, 11, 12
	typeStatus, typeHandle, typeData, typeName, typeAttrs                     = 101, 102, 103, 104, 105
	firstID                                                            uint32 = 1 << 31
)

// maxBody bounds answers that are no data: the longest are names, and OpenSSH's sftp-server sends no message that is longer.
const maxBody = 256 << 10

func newLane(channel io.ReadWriteCloser, m *meter, memory *buffers) *lane {
	return &lane{channel: channel, r: &ahead{r: &meteredReader{channel, m}}, meter: m, memory: memory, last: firstID, waiting: map[uint32]*request{}}
}

// Read gives pkg/sftp its packets, and serves those of the lane that come in between.
func (l *lane) Read(p []byte) (int, error) {
	for len(l.head) == 0 && l.pass == 0 {
		if err := l.packet(); err != nil {
			l.fail(err)
			return 0, err
		}
	}
	if len(l.head) > 0 {
		n := copy(p, l.head)
		l.head = l.head[n:]
		return n, nil
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.pass)])
	l.pass -= int64(n)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// packet reads the beginning of a packet, and all of it when it is the lane's.
func (l *lane) packet() error {
	if err := l.r.fill(l.space[:4]); err != nil {
		return err
	}
	length := int64(binary.BigEndian.Uint32(l.space[:]))
	begin := min(length, 5) // type and id
	if err := l.r.fill(l.space[4 : 4+begin]); err != nil {
		return unexpected(err)
	}
	if begin == 5 {
		if q := l.take(binary.BigEndian.Uint32(l.space[5:])); q != nil {
			err := l.answer(q, l.space[4], length-begin)
			q.err = err
			close(q.done)
			return err
		}
	}
	l.head, l.pass = l.space[:4+begin], length-begin
	return nil
}

// answer reads the rest of an answer. Its error is that of the channel; what a node refuses is none.
func (l *lane) answer(q *request, kind byte, left int64) error {
	q.kind = kind
	if kind != typeData {
		if left > maxBody {
			return fmt.Errorf("an answer of %d bytes came that is no data", left)
		}
		q.body = make([]byte, left)
		return unexpected(l.r.fill(q.body))
	}
	if left < 4 {
		return errors.New("an answer came without its length")
	}
	if err := l.r.fill(l.space[:4]); err != nil {
		return unexpected(err)
	}
	n := int64(binary.BigEndian.Uint32(l.space[:]))
	if n > left-4 || n > int64(q.most-len(q.data)) {
		return fmt.Errorf("%d bytes were asked for, and %d came", q.most-len(q.data), n)
	}
	if q.data == nil {
		q.data = l.memory.take(q.most)
	}
	had := len(q.data)
	err := l.r.fill(q.data[had : had+int(n)])
	if err == nil {
		q.data = q.data[:had+int(n)]
	}
	l.meter.saw(n)
	if err == nil {
		_, err = io.CopyN(io.Discard, l.r, left-4-n)
	}
	return unexpected(err)
}

// unexpected is the error of a packet that ends too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write sends a packet of pkg/sftp, which writes each in one piece as long as it sends no data. It never fails with io.EOF, as a
// closed channel does: that would be taken for the end of a file or a directory.
func (l *lane) Write(p []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	n, err := l.channel.Write(p)
	if errors.Is(err, io.EOF) {
		err = errLost
	}
	return n, err
}

// Close ends the channel: pkg/sftp calls it when it gives the channel up, too.
func (l *lane) Close() error {
	l.fail(errLost)
	return l.channel.Close()
}

// fail answers everything that waits, and what will be asked, with an error.
func (l *lane) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = errLost
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	for id, q := range l.waiting {
		q.err = l.broken
		close(q.done)
		delete(l.waiting, id)
	}
}

// take returns the request of an id, which then waits no more.
func (l *lane) take(id uint32) *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.waiting[id]
	delete(l.waiting, id)
	return q
}

// send sends a request; packet makes it for an id.
func (l *lane) send(q *request, packet func(id uint32) any) *request {
	q.done = make(chan struct{})
	l.mu.Lock()
	l.last = max(l.last+1, firstID)
	id := l.last
	broken := l.broken
	if broken == nil {
		l.waiting[id] = q // from now on it is the reader's, and fail's
	}
	l.mu.Unlock()
	if broken != nil {
		q.err = broken
		close(q.done)
		return q
	}
	body := ssh.Marshal(packet(id))
	if _, err := l.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
		l.fail(fmt.Errorf("ask the node: %w", err))
	}
	<-q.done
	return q
}

// read asks for n bytes of an open file, and again for what an answer left out. The bytes are the caller's to give back.
func (l *lane) read(handle string, off int64, n int) ([]byte, error) {
	q := &request{most: n}
	for len(q.data) < n {
		had := len(q.data)
		l.send(q, func(id uint32) any {
			return struct {
				Type   byte
				ID     uint32
				Handle string
				Offset uint64
				Length uint32
			}{typeRead, id, handle, uint64(off) + uint64(had), uint32(n - had)}
		})
		switch {
		case q.err != nil:
			return q.data, q.err
		case q.kind != typeData:
			return q.data, q.refusal()
		case len(q.data) == had:
			return q.data, errors.New("an answer came without any data")
		}
	}
	return q.data, nil
}

// open opens a file to be read and returns its handle.
func (l *lane) open(path string) (string, error) {
	const read, noAttrs = 1, 0
	q := l.send(&request{}, func(id uint32) any {
		return struct {
			Type         byte
			ID           uint32
			Path         string
			Flags, Attrs uint32
		}{typeOpen, id, path, read, noAttrs}
	})
	return q.handle()
}

// handle is the answer to a request that opens something.
func (q *request) handle() (string, error) {
	if q.err != nil || q.kind != typeHandle {
		return "", errors.Join(q.err, q.refusal())
	}
	var answer struct{ Handle string }
	if err := ssh.Unmarshal(q.body, &answer); err != nil || answer.Handle == "" {
		return "", errors.Join(errors.New("the node opened a file without a handle"), err)
	}
	return answer.Handle, nil
}

// onHandle asks something about an open file or directory.
func (l *lane) onHandle(kind byte, handle string) *request {
	return l.send(&request{}, func(id uint32) any {
		return struct {
			Type   byte
			ID     uint32
			Handle string
		}{kind, id, handle}
	})
}

func (l *lane) close(handle string) { l.onHandle(typeClose, handle) }

// stat asks for the state of an open file.
func (l *lane) stat(handle string) (state, error) {
	q := l.onHandle(typeFstat, handle)
	if q.err != nil || q.kind != typeAttrs {
		return state{}, errors.Join(q.err, q.refusal())
	}
	s := cryptobyte.String(q.body)
	return attributes(&s)
}

// refused is a request that the node answered with an error: it will answer the same again.
type refused struct {
	code    uint32
	message string
}

func (e *refused) Error() string {
	return fmt.Sprintf("the node refuses: %q (SFTP status %d)", e.message, e.code)
}

// refusal is the error in place of an answer; nil when there is no answer.
func (q *request) refusal() error {
	const eof, noSuchFile, permissionDenied = 1, 2, 3
	if q.err != nil {
		return nil
	}
	s := cryptobyte.String(q.body)
	var code, length uint32
	if q.kind != typeStatus || !s.ReadUint32(&code) {
		return fmt.Errorf("an answer of an unexpected type (%d) came", q.kind)
	}
	switch code {
	case eof:
		return io.EOF
	case noSuchFile:
		return os.ErrNotExist
	case permissionDenied:
		return os.ErrPermission
	}
	var message []byte
	if s.ReadUint32(&length) {
		s.ReadBytes(&message, int(min(length, uint32(len(s)), 200)))
	}
	return &refused{code, string(message)}
}
