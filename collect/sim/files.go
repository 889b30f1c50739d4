package sim

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/pkg/sftp"
)

// handlers serve the node's files, read only.
func (s *Server) handlers() sftp.Handlers {
	root := &sftpRoot{s}
	return sftp.Handlers{FileGet: root, FilePut: root, FileCmd: root, FileList: root}
}

type sftpRoot struct{ server *Server }

// find is called with the server's lock held.
func (r *sftpRoot) find(path string) *File {
	for i := range r.server.files {
		if "/"+r.server.files[i].Name == path {
			return &r.server.files[i]
		}
	}
	return nil
}

// Fileread opens a file.
func (r *sftpRoot) Fileread(q *sftp.Request) (io.ReaderAt, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.reads = append(r.server.reads, q.Filepath)
	f := r.find(q.Filepath)
	if f == nil {
		return nil, os.ErrNotExist
	}
	if f.Grows > 0 {
		return &growing{r.server, f.Name}, nil
	}
	return bytes.NewReader(f.Content), nil
}

// growing is a log that is in use: with each read the node appends to it.
type growing struct {
	server *Server
	name   string
}

func (g *growing) ReadAt(p []byte, off int64) (int, error) {
	g.server.mu.Lock()
	defer g.server.mu.Unlock()
	f := (&sftpRoot{g.server}).find("/" + g.name)
	n, err := bytes.NewReader(f.Content).ReadAt(p, off)
	f.Content = append(f.Content, bytes.Repeat([]byte("+"), f.Grows)...)
	f.ModTime = f.ModTime.Add(time.Second)
	return n, err
}

// Filewrite refuses: whoever writes to a node in a demo has a fault.
func (r *sftpRoot) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, os.ErrPermission }

// Filecmd refuses.
func (r *sftpRoot) Filecmd(*sftp.Request) error { return os.ErrPermission }

// Filelist lists the root or tells about one file.
func (r *sftpRoot) Filelist(q *sftp.Request) (sftp.ListerAt, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if q.Method == "List" && q.Filepath == "/" {
		var all listing
		for _, f := range r.server.files {
			all = append(all, newFileInfo(f))
		}
		return all, nil
	}
	if f := r.find(q.Filepath); f != nil {
		return listing{newFileInfo(*f)}, nil
	}
	if q.Filepath == "/" {
		return listing{dirInfo{}}, nil
	}
	return nil, os.ErrNotExist
}

type listing []os.FileInfo

// ListAt implements sftp.ListerAt.
func (l listing) ListAt(into []os.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(into, l[offset:])
	if n < len(into) {
		return n, io.EOF
	}
	return n, nil
}

type fileInfo struct {
	name     string
	size     int64
	modified time.Time
}

func newFileInfo(f File) fileInfo {
	i := fileInfo{strings.TrimPrefix(f.Name, "/"), int64(len(f.Content)), f.ModTime}
	if f.Claims != 0 {
		i.size = f.Claims
	}
	return i
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return 0o644 }
func (i fileInfo) ModTime() time.Time { return i.modified }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }

type dirInfo struct{}

func (dirInfo) Name() string       { return "/" }
func (dirInfo) Size() int64        { return 0 }
func (dirInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (dirInfo) ModTime() time.Time { return time.Time{} }
func (dirInfo) IsDir() bool        { return true }
func (dirInfo) Sys() any           { return nil }
