module cbdoctor

go 1.26
