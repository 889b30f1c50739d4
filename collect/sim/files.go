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

// files serves the node's files, read only.
func (s *Server) files() sftp.Handlers {
	root := &sftpRoot{server: s, files: s.Node.Files}
	return sftp.Handlers{FileGet: root, FilePut: root, FileCmd: root, FileList: root}
}

type sftpRoot struct {
	server *Server
	files  []File
}

func (r *sftpRoot) find(path string) *File {
	for i := range r.files {
		if "/"+r.files[i].Name == path {
			return &r.files[i]
		}
	}
	return nil
}

// Fileread opens a file.
func (r *sftpRoot) Fileread(q *sftp.Request) (io.ReaderAt, error) {
	r.server.mu.Lock()
	r.server.reads = append(r.server.reads, q.Filepath)
	r.server.mu.Unlock()
	if f := r.find(q.Filepath); f != nil {
		return bytes.NewReader(f.Content), nil
	}
	return nil, os.ErrNotExist
}

// Filewrite refuses: whoever writes to a node in a demo has a fault.
func (r *sftpRoot) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, os.ErrPermission }

// Filecmd refuses.
func (r *sftpRoot) Filecmd(*sftp.Request) error { return os.ErrPermission }

// Filelist lists the root or tells about one file.
func (r *sftpRoot) Filelist(q *sftp.Request) (sftp.ListerAt, error) {
	if q.Method == "List" && q.Filepath == "/" {
		var all listing
		for _, f := range r.files {
			all = append(all, fileInfo{f})
		}
		return all, nil
	}
	if f := r.find(q.Filepath); f != nil {
		return listing{fileInfo{*f}}, nil
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

type fileInfo struct{ f File }

func (i fileInfo) Name() string       { return strings.TrimPrefix(i.f.Name, "/") }
func (i fileInfo) Size() int64        { return int64(len(i.f.Content)) }
func (i fileInfo) Mode() fs.FileMode  { return 0o644 }
func (i fileInfo) ModTime() time.Time { return i.f.ModTime }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }

type dirInfo struct{}

func (dirInfo) Name() string       { return "/" }
func (dirInfo) Size() int64        { return 0 }
func (dirInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (dirInfo) ModTime() time.Time { return time.Time{} }
func (dirInfo) IsDir() bool        { return true }
func (dirInfo) Sys() any           { return nil }
