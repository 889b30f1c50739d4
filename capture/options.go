package capture

// DefaultPort is the port of PostgreSQL (src/include/pg_config.h, DEF_PGPORT).
const DefaultPort = 5432

// goodListed is how many sessions without a fault are listed unless all are asked for; the counts are always complete.
const goodListed = 1000

func (o Options) port() uint16 {
	if o.Port == 0 {
		return DefaultPort
	}
	return o.Port
}
