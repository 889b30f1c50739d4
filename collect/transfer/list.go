package transfer

import (
	"context"
	"fmt"
	"os"
)

// List returns what is in the directory where the node's SFTP sessions begin: the root of an MMP.
func (f *Fetcher) List(ctx context.Context) (entries []os.FileInfo, err error) {
	err = f.retry(ctx, func(ctx context.Context, p *pool) (bool, error) {
		f.meter.begin()
		defer f.meter.end()
		client := p.least().client
		if entries, err = client.ReadDirContext(ctx, "."); err != nil {
			return false, fmt.Errorf("list the SFTP root: %w", err)
		}
		return true, nil
	})
	return entries, err
}
