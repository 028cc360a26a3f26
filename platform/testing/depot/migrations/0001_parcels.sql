create table parcels (
  id text not null,
  grams int not null
);

create table arrivals (
  parcel_id text not null,
  grams int not null
);
